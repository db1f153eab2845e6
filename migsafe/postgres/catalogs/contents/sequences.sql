SELECT c.oid::regclass::text AS printed_name, u.nspname AS schema, c.relname AS name, d.refobjid::regclass::text AS owner
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relkind = 'S' AND c.relpersistence <> 't'
LEFT JOIN pg_depend d
    ON d.classid = c.tableoid AND d.objid = c.oid AND d.refclassid = c.tableoid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = c.tableoid AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY u.nspname, c.relname
