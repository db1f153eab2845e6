SELECT
    'foreign-data wrapper' AS kind,
    w.tableoid AS catalog,
    w.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'handler', nullif(w.fdwhandler, 0)::regproc,
        'validator', nullif(w.fdwvalidator, 0)::regproc,
        'options', (SELECT jsonb_agg(o ORDER BY o) FROM unnest(w.fdwoptions) o)
    ) AS fields
FROM pg_foreign_data_wrapper w
