SELECT
    'default privileges' AS kind,
    d.tableoid AS catalog,
    d.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'privileges', (SELECT coalesce(jsonb_agg(item::text ORDER BY item::text), '[]') FROM unnest(d.defaclacl) item)
    ) AS fields
FROM pg_default_acl d
