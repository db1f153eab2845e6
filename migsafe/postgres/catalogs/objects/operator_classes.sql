SELECT
    'operator class' AS kind,
    o.tableoid AS catalog,
    o.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'family', (SELECT identity FROM pg_identify_object('pg_opfamily'::regclass, o.opcfamily, 0)),
        'type', o.opcintype::regtype,
        'storage', nullif(o.opckeytype, 0)::regtype,
        'default', o.opcdefault
    ) AS fields
FROM user_schema u
JOIN pg_opclass o ON o.opcnamespace = u.oid
