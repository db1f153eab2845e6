-- Columns of all relations, attributes of composite types among them. A NOT NULL of PostgreSQL 18 has a name and may be
-- unvalidated: told only where it isn't what a plain NOT NULL makes, so that older versions read the same. Debian's 17.12
-- gives each column an option pg_attver, a number of its own that no dump carries: nobody set it, so it is left out.
-- PostgreSQL 13 has no attcompression: there the name is that of `until_13`.
SELECT
    'column' AS kind,
    c.tableoid AS catalog,
    c.oid AS object,
    a.attnum AS part,
    c.oid AS relation,
    jsonb_build_object(
        'position', a.position,
        'type', format_type(a.atttypid, a.atttypmod),
        'not_null', nullif(a.attnotnull, false),
        'not_null_constraint', CASE WHEN n.coninhcount = 0
            THEN nullif(n.conname, left(c.relname || '_' || a.attname || '_not_null', 63)) END,
        'not_null_unvalidated', nullif(NOT n.convalidated, false),
        'not_null_no_inherit', nullif(n.connoinherit, false),
        'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
        'generated', CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        'generated_kind', CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END,
        'collation', CASE WHEN a.attcollation <> t.typcollation THEN nullif(a.attcollation, 0)::regcollation END,
        'storage', CASE WHEN a.attstorage <> t.typstorage AND c.relkind IN ('r', 'p', 'm') THEN a.attstorage END,
        'compression', nullif(a.compression, ''),
        'statistics_target', nullif(a.attstattarget, -1),
        'inherited', nullif(a.attinhcount > 0, false),
        'options', CASE WHEN a.attoptions IS NOT NULL THEN (
            SELECT jsonb_agg(o ORDER BY o) FROM unnest(a.attoptions) o WHERE NOT starts_with(o, 'pg_attver=')
        ) END,
        'server_options', CASE WHEN a.attfdwoptions IS NOT NULL THEN (
            SELECT jsonb_agg(o ORDER BY o) FROM unnest(a.attfdwoptions) o
        ) END
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't'
CROSS JOIN (SELECT ''::"char" AS attcompression) AS until_13
CROSS JOIN LATERAL (
    SELECT a.*, attcompression AS compression, row_number() OVER (ORDER BY a.attnum) AS position
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_constraint n ON n.conrelid = c.oid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
