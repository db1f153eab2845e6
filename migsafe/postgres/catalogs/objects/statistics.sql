SELECT
    'statistics' AS kind,
    s.tableoid AS catalog,
    s.oid AS object,
    0 AS part,
    s.stxrelid AS relation,
    jsonb_build_object(
        'definition', pg_get_statisticsobjdef(s.oid),
        'statistics_target', nullif(s.stxstattarget, -1)
    ) AS fields
FROM user_schema u
JOIN pg_statistic_ext s ON s.stxnamespace = u.oid
