SELECT
    'operator' AS kind,
    o.tableoid AS catalog,
    o.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'function', nullif(o.oprcode::oid, 0)::regprocedure,
        'result', nullif(o.oprresult, 0)::regtype,
        'commutator', nullif(o.oprcom, 0)::regoperator,
        'negator', nullif(o.oprnegate, 0)::regoperator,
        'restrict', nullif(o.oprrest::oid, 0)::regproc,
        'join', nullif(o.oprjoin::oid, 0)::regproc,
        'merges', nullif(o.oprcanmerge, false),
        'hashes', nullif(o.oprcanhash, false)
    ) AS fields
FROM user_schema u
JOIN pg_operator o ON o.oprnamespace = u.oid
