-- Tables and partitioned tables with what stays the same in a clone: the table's oid, its columns' numbers. A column's
-- base type is the one below its domains.
SELECT
    c.oid::bigint,
    c.oid::regclass::text AS printed_name,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind = 'p' AS partitioned,
    CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid::bigint END AS root,
    coalesce(a.columns, '[]') AS columns,
    coalesce(k.key, '[]') AS key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN user_schema u ON u.oid = n.oid
CROSS JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_array(
            attname,
            format_type(atttypid, NULL),
            attnum,
            format_type(atttypid, atttypmod),
            format_type(base.oid, NULL),
            base.typcategory,
            attgenerated <> ''
        ) ORDER BY attnum
    ) AS columns
    FROM pg_attribute
    CROSS JOIN LATERAL (
        WITH RECURSIVE below AS (
            SELECT oid, typtype, typbasetype, typcategory FROM pg_type WHERE oid = atttypid
            UNION ALL
            SELECT t.oid, t.typtype, t.typbasetype, t.typcategory
            FROM below
            JOIN pg_type t ON below.typtype = 'd' AND t.oid = below.typbasetype
        )
        SELECT oid, typcategory FROM below WHERE typtype <> 'd'
    ) base
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
) a
CROSS JOIN LATERAL (
    SELECT jsonb_agg(attnum ORDER BY array_position(i.indkey::int2[], attnum)) AS key
    FROM pg_index i
    JOIN pg_attribute ON attrelid = c.oid AND attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
    WHERE i.indrelid = c.oid AND i.indisprimary
) k
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND (u.oid IS NOT NULL OR c.oid = 'pg_largeobject'::regclass)
ORDER BY n.nspname, c.relname
