SELECT
    'language' AS kind,
    l.tableoid AS catalog,
    l.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'trusted', l.lanpltrusted,
        'handler', nullif(l.lanplcallfoid, 0)::regprocedure,
        'inline', nullif(l.laninline, 0)::regprocedure,
        'validator', nullif(l.lanvalidator, 0)::regprocedure
    ) AS fields
FROM pg_language l
WHERE l.lanispl
UNION ALL
SELECT
    'transform',
    t.tableoid,
    t.oid,
    0,
    NULL,
    jsonb_build_object(
        'from_sql', nullif(t.trffromsql::oid, 0)::regprocedure, 'to_sql', nullif(t.trftosql::oid, 0)::regprocedure
    )
FROM pg_transform t
