-- Enums, domains, ranges and base types. Composite types are relations; array, row and multirange types come with
-- what they belong to. A constraint of a domain is a field, and so is its comment. A NOT NULL of a domain is a constraint since PostgreSQL 17, and a field here.
SELECT
    CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'base type' END AS kind,
    t.tableoid AS catalog,
    t.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'labels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
        'type', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
        'not_null', nullif(t.typnotnull, false),
        'default', t.typdefault,
        'collation', CASE WHEN t.typtype = 'd' AND t.typcollation <> base.typcollation
            THEN nullif(t.typcollation, 0)::regcollation END,
        'constraints', (
            SELECT jsonb_object_agg(quote_ident(k.conname), pg_get_constraintdef(k.oid))
            FROM pg_constraint k
            WHERE k.contypid = t.oid AND k.contype = 'c'
        ),
        'constraint_comments', (
            SELECT jsonb_object_agg(quote_ident(k.conname), obj_description(k.oid, 'pg_constraint'))
            FROM pg_constraint k
            WHERE k.contypid = t.oid AND k.contype = 'c' AND obj_description(k.oid, 'pg_constraint') IS NOT NULL
        ),
        'subtype', r.rngsubtype::regtype,
        'subtype_collation', nullif(r.rngcollation, 0)::regcollation,
        'subtype_operator_class', (
            SELECT format('%I.%I', n.nspname, o.opcname)
            FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
            WHERE o.oid = r.rngsubopc
        ),
        'canonical', nullif(r.rngcanonical::oid, 0)::regproc,
        'subtype_difference', nullif(r.rngsubdiff::oid, 0)::regproc,
        'multirange', (to_jsonb(r) ->> 'rngmultitypid')::oid::regtype
    ) || CASE WHEN t.typtype = 'b' THEN jsonb_build_object(
        'input', t.typinput,
        'output', t.typoutput,
        'receive', nullif(t.typreceive::oid, 0)::regproc,
        'send', nullif(t.typsend::oid, 0)::regproc,
        'modifier_input', nullif(t.typmodin::oid, 0)::regproc,
        'length', t.typlen,
        'by_value', t.typbyval,
        'alignment', t.typalign,
        'storage', t.typstorage,
        'category', t.typcategory,
        'preferred', t.typispreferred,
        'delimiter', t.typdelim,
        'element', nullif(t.typelem, 0)::regtype
    ) ELSE '{}' END AS fields
FROM user_schema u
JOIN pg_type t ON t.typnamespace = u.oid AND t.typtype IN ('b', 'd', 'e', 'r')
LEFT JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_range r ON r.rngtypid = t.oid
WHERE NOT EXISTS (SELECT FROM pg_type element WHERE element.oid = t.typelem AND element.typarray = t.oid)
