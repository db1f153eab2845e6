-- Owners, and privileges where they aren't those that the owner gets without any GRANT: a null list and a list that
-- spells out the default mean the same, and so do lists in another order.
SELECT
    owned.catalog,
    owned.object,
    owned.part,
    jsonb_strip_nulls(jsonb_build_object(
        'owner', CASE WHEN owned.part = 0 THEN pg_get_userbyid(owned.owner) END,
        'privileges', to_jsonb(nullif(
            ARRAY(SELECT item::text FROM unnest(owned.privileges) item ORDER BY 1),
            ARRAY(SELECT item::text FROM unnest(coalesce(acldefault(owned.type, owned.owner), '{}')) item ORDER BY 1)
        ))
    )) AS fields
FROM (
    SELECT c.tableoid AS catalog, c.oid AS object, 0 AS part, c.relowner AS owner,
        CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS type,
        coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)) AS privileges
    FROM pg_class c
    WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'pg_class'::regclass, attrelid, attnum, 0, 'c', attacl
    FROM pg_attribute
    WHERE attacl IS NOT NULL AND attrelid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, nspowner, 'n', coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
    UNION ALL
    SELECT tableoid, oid, 0, proowner, 'f', coalesce(proacl, acldefault('f', proowner)) FROM pg_proc WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, typowner, 'T', coalesce(typacl, acldefault('T', typowner)) FROM pg_type WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, lanowner, 'l', coalesce(lanacl, acldefault('l', lanowner)) FROM pg_language
    UNION ALL
    SELECT tableoid, oid, 0, fdwowner, 'F', coalesce(fdwacl, acldefault('F', fdwowner)) FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT tableoid, oid, 0, srvowner, 'S', coalesce(srvacl, acldefault('S', srvowner)) FROM pg_foreign_server
    UNION ALL
    SELECT tableoid, oid, 0, stxowner, NULL, '{}' FROM pg_statistic_ext
    UNION ALL
    SELECT tableoid, oid, 0, collowner, NULL, '{}' FROM pg_collation WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, conowner, NULL, '{}' FROM pg_conversion WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, oprowner, NULL, '{}' FROM pg_operator WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, opcowner, NULL, '{}' FROM pg_opclass WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, opfowner, NULL, '{}' FROM pg_opfamily WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, cfgowner, NULL, '{}' FROM pg_ts_config WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, dictowner, NULL, '{}' FROM pg_ts_dict WHERE oid >= 16384
    UNION ALL
    SELECT tableoid, oid, 0, pubowner, NULL, '{}' FROM pg_publication
    UNION ALL
    SELECT tableoid, oid, 0, evtowner, NULL, '{}' FROM pg_event_trigger
    UNION ALL
    SELECT tableoid, oid, 0, extowner, NULL, '{}' FROM pg_extension
) AS owned
