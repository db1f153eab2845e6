-- What holds rows: tables, partitions, materialized views, large objects; foreign tables by name; partitioned tables,
-- which hold their partitions' rows. Of the tables that belong to an extension, those that it declares to hold the
-- user's rows. Before PostgreSQL 14 the index of large objects is none of a primary key.
SELECT
    c.oid::regclass::text AS printed_name,
    n.nspname AS schema,
    c.relname AS name,
    CASE
        WHEN c.relkind = 'f' THEN 'a foreign table: its rows are on another server'
        WHEN NOT c.relispopulated THEN 'a materialized view that is not populated'
    END AS not_checked,
    coalesce(a.columns, '[]') AS columns,
    coalesce(k.key, '[]') AS key,
    c.relkind = 'p' AS partitioned,
    CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::regclass::text END AS root,
    coalesce(pg_relation_size(c.oid), 0) AS bytes,
    c.relkind = 'm' AS materialized
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN user_schema u ON u.oid = n.oid
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_array(attname, format_type(atttypid, NULL), attnum) ORDER BY attnum
    ) AS columns
    FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
) a
CROSS JOIN LATERAL (
    SELECT jsonb_agg(attname ORDER BY array_position(i.indkey::int2[], attnum)) AS key
    FROM pg_index i
    JOIN pg_attribute ON attrelid = c.oid AND attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
    WHERE i.indrelid = c.oid AND (i.indisprimary OR c.oid = 'pg_largeobject'::regclass)
) k
WHERE c.oid = 'pg_largeobject'::regclass AND EXISTS (SELECT FROM pg_largeobject_metadata)
    OR u.oid IS NOT NULL
    AND c.relkind IN ('r', 'm', 'f', 'p')
    AND c.relpersistence <> 't'
    AND NOT EXISTS (
        SELECT
        FROM pg_depend d
        LEFT JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.deptype = 'e' AND c.oid <> ALL (coalesce(e.extconfig, '{}'))
    )
ORDER BY n.nspname, c.relname
