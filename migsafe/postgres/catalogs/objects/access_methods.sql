SELECT
    'access method' AS kind,
    a.tableoid AS catalog,
    a.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object('handler', a.amhandler, 'type', a.amtype) AS fields
FROM pg_am a
WHERE a.oid >= 16384
