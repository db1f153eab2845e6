-- The cast from a range to its multirange comes with the type.
SELECT
    'cast' AS kind,
    c.tableoid AS catalog,
    c.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'function', nullif(c.castfunc, 0)::regprocedure,
        'context', CASE c.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' ELSE 'explicit' END,
        'method', CASE c.castmethod WHEN 'f' THEN 'function' WHEN 'i' THEN 'input and output' ELSE 'binary' END
    ) AS fields
FROM pg_cast c
WHERE c.oid >= 16384
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.deptype = 'i')
