-- Objects made by initdb lie below 16384; of those only the schema public is told.
SELECT classoid AS catalog, objoid AS object, objsubid AS part, jsonb_build_object('comment', description) AS fields
FROM pg_description
WHERE objoid >= 16384 OR classoid = 'pg_namespace'::regclass
