-- Drop everything in this database but the schema public and the language plpgsql, which every database begins with.
-- A list is made whole before the first of it is dropped: what goes with another is then dropped if it still exists.
DO $clear$
DECLARE
    statement text;
    lists text[] := ARRAY[
        -- first, so that nothing of it runs while the rest is dropped
        $$SELECT format('DROP EVENT TRIGGER IF EXISTS %I', evtname) FROM pg_catalog.pg_event_trigger$$,
        $$SELECT format('DROP PUBLICATION IF EXISTS %I', pubname) FROM pg_catalog.pg_publication$$,
        $$SELECT format('DROP EXTENSION IF EXISTS %I CASCADE', extname)
          FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'$$,
        $$SELECT format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', fdwname)
          FROM pg_catalog.pg_foreign_data_wrapper$$,
        $$SELECT format('DROP SCHEMA IF EXISTS %I CASCADE', nspname) FROM pg_catalog.pg_namespace
          WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')$$,
        $$SELECT format('DROP %s IF EXISTS %s CASCADE', replace(type, 'statistics object', 'statistics'), identity)
          FROM pg_catalog.pg_depend
          CROSS JOIN LATERAL pg_catalog.pg_identify_object(classid, objid, 0)
          WHERE refclassid = 'pg_catalog.pg_namespace'::regclass AND deptype = 'n'
              AND refobjid = to_regnamespace('public')
              AND NOT EXISTS (  -- part of something else, such as the sequence of an identity column
                  SELECT FROM pg_catalog.pg_depend part
                  WHERE (part.classid, part.objid) = (pg_depend.classid, pg_depend.objid) AND part.objsubid = 0
                      AND part.deptype IN ('i', 'e')
              )$$,
        $$SELECT format('DROP %s IF EXISTS %s CASCADE', type, identity)
          FROM (
              SELECT tableoid, oid FROM pg_catalog.pg_cast
              UNION ALL SELECT tableoid, oid FROM pg_catalog.pg_language
              UNION ALL SELECT tableoid, oid FROM pg_catalog.pg_am
          ) AS object
          CROSS JOIN LATERAL pg_catalog.pg_identify_object(tableoid, oid, 0)
          WHERE oid >= 16384$$,
        $$SELECT format('SELECT pg_catalog.lo_unlink(%s)', oid) FROM pg_catalog.pg_largeobject_metadata$$
    ];
    list text;
    statements text[];
BEGIN
    SET LOCAL client_min_messages = warning;
    SET LOCAL search_path = pg_catalog;
    FOREACH list IN ARRAY lists LOOP
        EXECUTE 'SELECT coalesce(array_agg(s), ''{}'') FROM (' || list || ') AS statements (s)' INTO statements;
        FOREACH statement IN ARRAY statements LOOP
            EXECUTE statement;
        END LOOP;
    END LOOP;
END $clear$;
