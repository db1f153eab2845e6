-- Put before every query: the schemas whose objects belong to the user.
WITH user_schema AS (
    SELECT oid, nspname
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'migsafe_sandbox')
)
