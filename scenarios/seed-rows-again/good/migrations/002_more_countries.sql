INSERT INTO countries (code, name)
SELECT code, name
FROM (VALUES ('ee', 'Estonia'), ('fi', 'Suomi – Finland')) AS fresh (code, name)
WHERE NOT EXISTS (SELECT FROM countries WHERE countries.code = fresh.code);
