SELECT
    'policy' AS kind,
    p.tableoid AS catalog,
    p.oid AS object,
    0 AS part,
    p.polrelid AS relation,
    jsonb_build_object(
        'command', CASE p.polcmd
            WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all'
        END,
        'restrictive', nullif(NOT p.polpermissive, false),
        'roles', (
            SELECT jsonb_agg(name ORDER BY name)
            FROM (SELECT CASE role WHEN 0 THEN 'public' ELSE pg_get_userbyid(role) END FROM unnest(p.polroles) role) r (name)
        ),
        'using', pg_get_expr(p.polqual, p.polrelid),
        'with_check', pg_get_expr(p.polwithcheck, p.polrelid)
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relpersistence <> 't'
JOIN pg_policy p ON p.polrelid = c.oid
