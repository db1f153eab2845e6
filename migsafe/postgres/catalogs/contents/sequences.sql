-- Sequences, each with the columns that it fills: the one that owns it, or those whose default calls for it. The furthest
-- value is looked for where a column's type, below its domains, holds whole numbers.
SELECT
    c.oid::regclass::text AS printed_name,
    u.nspname AS schema,
    c.relname AS name,
    s.seqincrement AS increment,
    s.seqcycle AS cycles,
    coalesce(f.columns, '[]') AS columns
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relkind = 'S' AND c.relpersistence <> 't'
JOIN pg_sequence s ON s.seqrelid = c.oid
CROSS JOIN LATERAL (
    WITH owner AS (
        SELECT refobjid AS relation, refobjsubid AS number
        FROM pg_depend
        WHERE classid = c.tableoid AND objid = c.oid AND refclassid = c.tableoid AND deptype IN ('a', 'i')
            AND refobjsubid > 0
    ), filled AS (
        SELECT relation, number FROM owner
        UNION
        SELECT adrelid, adnum
        FROM pg_depend
        JOIN pg_attrdef ON pg_attrdef.oid = objid
        WHERE classid = 'pg_attrdef'::regclass AND refclassid = c.tableoid AND refobjid = c.oid
            AND NOT EXISTS (SELECT FROM owner)
            AND NOT EXISTS (SELECT FROM pg_class p WHERE p.oid = adrelid AND p.relispartition)
    )
    SELECT jsonb_agg(
        jsonb_build_array(
            o.oid::regclass::text,
            n.nspname,
            o.relname,
            a.attname,
            base.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
        ) ORDER BY n.nspname, o.relname, a.attnum
    ) AS columns
    FROM filled
    JOIN pg_class o ON o.oid = relation
    JOIN pg_namespace n ON n.oid = o.relnamespace
    JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = number
    CROSS JOIN LATERAL (
        WITH RECURSIVE below AS (
            SELECT oid, typtype, typbasetype FROM pg_type WHERE oid = atttypid
            UNION ALL
            SELECT t.oid, t.typtype, t.typbasetype
            FROM below
            JOIN pg_type t ON below.typtype = 'd' AND t.oid = below.typbasetype
        )
        SELECT oid FROM below WHERE typtype <> 'd'
    ) base
) f
WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = c.tableoid AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY u.nspname, c.relname
