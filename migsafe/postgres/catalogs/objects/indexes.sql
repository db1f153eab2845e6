SELECT
    'index' AS kind,
    c.tableoid AS catalog,
    c.oid AS object,
    0 AS part,
    i.indrelid AS relation,
    jsonb_build_object(
        'definition', pg_get_indexdef(c.oid),
        'unique', nullif(i.indisunique, false),
        'invalid', nullif(NOT i.indisvalid, false),
        'not_ready', nullif(NOT i.indisready, false),
        'clustered', nullif(i.indisclustered, false),
        'replica_identity', nullif(i.indisreplident, false),
        'tablespace', (SELECT spcname FROM pg_tablespace WHERE pg_tablespace.oid = c.reltablespace),
        'partition_of', (SELECT p.inhparent::regclass FROM pg_inherits p WHERE p.inhrelid = c.oid),
        'statistics_targets', (
            SELECT jsonb_object_agg(a.attnum, a.attstattarget)
            FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attstattarget <> -1 AND a.attnum > 0 AND i.indexprs IS NOT NULL
        )
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relkind IN ('i', 'I') AND c.relpersistence <> 't'
JOIN pg_index i ON i.indexrelid = c.oid
