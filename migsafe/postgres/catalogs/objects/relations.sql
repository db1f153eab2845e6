-- Tables, views, materialized views, foreign tables and composite types. Options of the TOAST table are the table's.
-- Comment and privileges of a composite type hang on its row in pg_type.
SELECT
    CASE c.relkind
        WHEN 'v' THEN 'view'
        WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table'
        WHEN 'c' THEN 'composite type'
        ELSE 'table'
    END AS kind,
    CASE c.relkind WHEN 'c' THEN 'pg_type'::regclass ELSE c.tableoid END AS catalog,
    CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'unlogged', nullif(c.relpersistence = 'u', false),
        'access_method', (SELECT amname FROM pg_am WHERE pg_am.oid = c.relam),
        'tablespace', (SELECT spcname FROM pg_tablespace WHERE pg_tablespace.oid = c.reltablespace),
        'of_type', nullif(c.reloftype, 0)::regtype,
        'partition_key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
        'partition_bound', pg_get_expr(c.relpartbound, c.oid),
        'inherits', (
            SELECT jsonb_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid
        ),
        'detach_pending', (
            SELECT nullif(bool_or((to_jsonb(i) ->> 'inhdetachpending')::boolean), false)
            FROM pg_inherits i
            WHERE i.inhrelid = c.oid
        ),
        'replica_identity', CASE c.relreplident WHEN 'f' THEN 'full' WHEN 'i' THEN 'index' WHEN 'n' THEN
            CASE WHEN c.relkind IN ('r', 'p') THEN 'nothing' END
        END,
        'row_security', nullif(c.relrowsecurity, false),
        'force_row_security', nullif(c.relforcerowsecurity, false),
        'options', (SELECT jsonb_agg(o ORDER BY o) FROM unnest(c.reloptions) o),
        'toast_options', (
            SELECT jsonb_agg(o ORDER BY o) FROM pg_class toast, unnest(toast.reloptions) o WHERE toast.oid = c.reltoastrelid
        ),
        'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
        'populated', CASE WHEN c.relkind = 'm' THEN c.relispopulated END,
        'server', s.srvname,
        'server_options', (SELECT jsonb_agg(o ORDER BY o) FROM unnest(f.ftoptions) o)
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't'
LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
