-- The ICU locale has been in three columns: collcollate to 14, colliculocale to 16, colllocale since.
SELECT
    'collation' AS kind,
    c.tableoid AS catalog,
    c.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'provider', CASE c.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'default' END,
        'locale', coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'collcollate'),
        'character_type', CASE WHEN c.collprovider = 'c' THEN to_jsonb(c) ->> 'collctype' END,
        'rules', to_jsonb(c) ->> 'collicurules',
        'deterministic', c.collisdeterministic
    ) AS fields
FROM user_schema u
JOIN pg_collation c ON c.collnamespace = u.oid
