-- Without the triggers behind foreign keys; their being disabled is a field of the constraint. Copies on partitions are
-- internal before PostgreSQL 15.
SELECT
    'trigger' AS kind,
    t.tableoid AS catalog,
    t.oid AS object,
    0 AS part,
    t.tgrelid AS relation,
    jsonb_build_object(
        'definition', pg_get_triggerdef(t.oid),
        'enabled', CASE t.tgenabled WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END,
        'inherited', nullif(t.tgparentid <> 0, false)
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relpersistence <> 't'
JOIN pg_trigger t ON t.tgrelid = c.oid AND (NOT t.tgisinternal OR t.tgparentid <> 0 AND t.tgconstraint = 0)
