SELECT
    'sequence' AS kind,
    c.tableoid AS catalog,
    c.oid AS object,
    0 AS part,
    d.refobjid AS relation,
    jsonb_build_object(
        'type', format_type(s.seqtypid, NULL),
        'start', s.seqstart,
        'increment', s.seqincrement,
        'minimum', s.seqmin,
        'maximum', s.seqmax,
        'cache', s.seqcache,
        'cycle', nullif(s.seqcycle, false),
        'unlogged', nullif(c.relpersistence = 'u', false),
        'owned_by', d.refobjid::regclass::text || '.' || quote_ident(a.attname),
        'identity', nullif(d.deptype = 'i', false)
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relkind = 'S' AND c.relpersistence <> 't'
JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend d
    ON d.classid = c.tableoid AND d.objid = c.oid AND d.refclassid = c.tableoid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
