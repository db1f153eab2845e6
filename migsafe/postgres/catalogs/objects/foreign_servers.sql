SELECT
    'foreign server' AS kind,
    s.tableoid AS catalog,
    s.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'wrapper', w.fdwname,
        'type', s.srvtype,
        'version', s.srvversion,
        'options', (SELECT jsonb_agg(o ORDER BY o) FROM unnest(s.srvoptions) o)
    ) AS fields
FROM pg_foreign_server s
JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
