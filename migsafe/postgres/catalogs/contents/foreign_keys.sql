-- Foreign keys that change rows by themselves when a row that they refer to is deleted.
SELECT
    f.conname AS name,
    f.conrelid::bigint AS table_oid,
    f.confrelid::bigint AS referenced_oid,
    to_jsonb(f.conkey) AS columns,
    CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END AS action
FROM pg_constraint f
JOIN pg_class c ON c.oid = f.conrelid
JOIN user_schema u ON u.oid = c.relnamespace
WHERE f.contype = 'f' AND f.confdeltype IN ('c', 'n', 'd') AND f.conparentid = 0
ORDER BY f.conname, f.conrelid::regclass::text
