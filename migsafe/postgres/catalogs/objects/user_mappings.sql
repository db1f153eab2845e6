-- The names of the options only: their values are passwords.
SELECT
    'user mapping' AS kind,
    'pg_user_mapping'::regclass::oid AS catalog,
    m.umid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'options', (SELECT jsonb_agg(split_part(o, '=', 1) ORDER BY o) FROM unnest(m.umoptions) o)
    ) AS fields
FROM pg_user_mappings m
