SELECT
    'extension' AS kind,
    e.tableoid AS catalog,
    e.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object('version', e.extversion, 'schema', e.extnamespace::regnamespace) AS fields
FROM pg_extension e
