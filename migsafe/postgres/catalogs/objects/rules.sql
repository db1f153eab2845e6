SELECT
    'rule' AS kind,
    r.tableoid AS catalog,
    r.oid AS object,
    0 AS part,
    r.ev_class AS relation,
    jsonb_build_object(
        'definition', pg_get_ruledef(r.oid),
        'enabled', CASE r.ev_enabled WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relpersistence <> 't'
JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'
