SELECT
    c.oid::regclass::text AS printed_name,
    u.nspname AS schema,
    c.relname AS name,
    d.refobjid::regclass::text AS owner,
    n.nspname AS owner_schema,
    o.relname AS owner_name,
    a.attname AS owner_column,
    s.seqincrement AS increment,
    s.seqcycle AS cycles
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relkind = 'S' AND c.relpersistence <> 't'
JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend d
    ON d.classid = c.tableoid AND d.objid = c.oid AND d.refclassid = c.tableoid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
LEFT JOIN pg_class o ON o.oid = d.refobjid
LEFT JOIN pg_namespace n ON n.oid = o.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = c.tableoid AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY u.nspname, c.relname
