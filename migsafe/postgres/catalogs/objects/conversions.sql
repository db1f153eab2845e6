SELECT
    'conversion' AS kind,
    c.tableoid AS catalog,
    c.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'from', pg_encoding_to_char(c.conforencoding),
        'to', pg_encoding_to_char(c.contoencoding),
        'function', c.conproc::oid::regprocedure,
        'default', c.condefault
    ) AS fields
FROM user_schema u
JOIN pg_conversion c ON c.connamespace = u.oid
