SELECT
    'publication table' AS kind,
    r.tableoid AS catalog,
    r.oid AS object,
    0 AS part,
    r.prrelid AS relation,
    jsonb_build_object(
        'where', pg_get_expr(r.prqual, r.prrelid),
        'columns', (
            SELECT jsonb_agg(a.attname ORDER BY a.attname)
            FROM pg_attribute a
            WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)
        )
    ) AS fields
FROM pg_publication_rel r
