-- A dump says of the schema public only what is otherwise than in every new database. Where it isn't as it must become,
-- give it what it has there: comment, owner and privileges.
DO $public$
DECLARE
    fifteen boolean := current_setting('server_version_num')::integer >= 150000;
    standard name := (
        SELECT CASE WHEN fifteen THEN 'pg_database_owner' ELSE rolname END FROM pg_catalog.pg_roles WHERE oid = 10
    );
    given record;
    grantee text;
BEGIN
    SELECT
        rolname AS owner,
        ARRAY(SELECT item::text FROM unnest(items) AS item ORDER BY item::text COLLATE "C") AS privileges,
        obj_description(n.oid, 'pg_namespace') AS comment
    INTO given
    FROM pg_catalog.pg_namespace n
    JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
    CROSS JOIN LATERAL coalesce(n.nspacl, acldefault('n', n.nspowner)) AS items
    WHERE n.nspname = 'public';
    IF given.comment IS DISTINCT FROM {comment} THEN
        COMMENT ON SCHEMA public IS 'standard public schema';
    END IF;
    IF NOT {privileges_kept} OR (given.owner = {owner} AND given.privileges = {privileges}::text[]) THEN
        RETURN;
    END IF;
    FOR grantee IN
        SELECT DISTINCT CASE WHEN item.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(rolname) END
        FROM pg_catalog.pg_namespace n
        CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS item
        LEFT JOIN pg_catalog.pg_roles r ON r.oid = item.grantee
        WHERE n.nspname = 'public'
    LOOP
        EXECUTE 'REVOKE ALL ON SCHEMA public FROM ' || grantee || ' CASCADE';
    END LOOP;
    EXECUTE format('ALTER SCHEMA public OWNER TO %I', standard);
    EXECUTE format('GRANT ALL ON SCHEMA public TO %I', standard);
    EXECUTE 'GRANT ' || CASE WHEN fifteen THEN 'USAGE' ELSE 'ALL' END || ' ON SCHEMA public TO PUBLIC';
END $public$;
