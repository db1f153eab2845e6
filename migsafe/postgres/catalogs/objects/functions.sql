-- An SQL-standard body (PostgreSQL 14) exists as a parse tree only, which pg_get_functiondef prints. The constructors of
-- a range come with its type.
SELECT
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
    p.tableoid AS catalog,
    p.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'arguments', pg_get_function_arguments(p.oid),
        'returns', pg_get_function_result(p.oid),
        'language', l.lanname,
        'body', CASE
            WHEN to_jsonb(p) ->> 'prosqlbody' IS NOT NULL THEN pg_get_functiondef(p.oid)
            WHEN p.prokind <> 'a' THEN p.prosrc
        END,
        'library', p.probin,
        'window', nullif(p.prokind = 'w', false),
        'volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
        'parallel', CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
        'security_definer', nullif(p.prosecdef, false),
        'strict', nullif(p.proisstrict, false),
        'leakproof', nullif(p.proleakproof, false),
        'cost', p.procost,
        'rows', nullif(p.prorows, 0),
        'support', nullif(p.prosupport::oid, 0)::regproc,
        'transforms', (SELECT jsonb_agg(t::regtype ORDER BY t::regtype::text) FROM unnest(p.protrftypes) t),
        'settings', (SELECT jsonb_agg(s ORDER BY s) FROM unnest(p.proconfig) s),
        'transition', nullif(g.aggtransfn::oid, 0)::regprocedure,
        'transition_type', nullif(g.aggtranstype, 0)::regtype,
        'transition_space', nullif(g.aggtransspace, 0),
        'final', nullif(g.aggfinalfn::oid, 0)::regprocedure,
        'final_extra', nullif(g.aggfinalextra, false),
        'final_modify', g.aggfinalmodify,
        'combine', nullif(g.aggcombinefn::oid, 0)::regprocedure,
        'serial', nullif(g.aggserialfn::oid, 0)::regprocedure,
        'deserial', nullif(g.aggdeserialfn::oid, 0)::regprocedure,
        'initial', g.agginitval,
        'sort_operator', nullif(g.aggsortop, 0)::regoperator,
        'moving_transition', nullif(g.aggmtransfn::oid, 0)::regprocedure,
        'moving_inverse', nullif(g.aggminvtransfn::oid, 0)::regprocedure,
        'moving_final', nullif(g.aggmfinalfn::oid, 0)::regprocedure,
        'moving_type', nullif(g.aggmtranstype, 0)::regtype,
        'moving_initial', g.aggminitval
    ) AS fields
FROM user_schema u
JOIN pg_proc p ON p.pronamespace = u.oid
JOIN pg_language l ON l.oid = p.prolang
LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = p.tableoid AND d.objid = p.oid AND d.deptype = 'i')
