SELECT
    'publication table' AS kind,
    r.tableoid AS catalog,
    r.oid AS object,
    0 AS part,
    r.prrelid AS relation,
    '{}'::jsonb AS fields
FROM pg_publication_rel r
