SELECT
    'operator family' AS kind,
    f.tableoid AS catalog,
    f.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'operators', (
            SELECT jsonb_agg(format('%s %s', a.amopstrategy, a.amopopr::regoperator) ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
            FROM pg_amop a
            WHERE a.amopfamily = f.oid
        ),
        'functions', (
            SELECT jsonb_agg(format('%s %s', a.amprocnum, a.amproc::regprocedure) ORDER BY a.amprocnum, a.amproc::regprocedure::text)
            FROM pg_amproc a
            WHERE a.amprocfamily = f.oid
        )
    ) AS fields
FROM user_schema u
JOIN pg_opfamily f ON f.opfnamespace = u.oid
