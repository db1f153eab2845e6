SELECT 'schema' AS kind, n.tableoid AS catalog, n.oid AS object, 0 AS part, NULL::oid AS relation, '{}'::jsonb AS fields
FROM user_schema
JOIN pg_namespace n USING (oid)
