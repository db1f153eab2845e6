-- What needs what, by address (a catalog's oid, an oid in it, a column's number), from pg_depend (manual, 53.18). What is
-- no object of its own stands for what it is a part of: a view's rule for the view, a default for the column, a row or
-- array type for the table or element type, a constraint of a domain for the domain. `member` marks what an extension brought.
, part_of (of_catalog, of_object, catalog, object, part) AS (
    SELECT tableoid, oid, 'pg_class'::regclass::oid, ev_class, NULL::integer FROM pg_rewrite WHERE rulename = '_RETURN'
    UNION ALL
    SELECT tableoid, oid, 'pg_class'::regclass, adrelid, adnum::integer FROM pg_attrdef
    UNION ALL
    SELECT t.tableoid, t.oid, 'pg_class'::regclass, t.typrelid, NULL
    FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind <> 'c'
    UNION ALL
    SELECT c.tableoid, c.oid, 'pg_type'::regclass, c.reltype, NULL FROM pg_class c WHERE c.relkind = 'c'
    UNION ALL
    SELECT a.tableoid, a.oid, CASE WHEN c.oid IS NULL THEN a.tableoid ELSE 'pg_class'::regclass END, coalesce(c.oid, e.oid), NULL
    FROM pg_type e
    JOIN pg_type a ON a.oid = e.typarray
    LEFT JOIN pg_class c ON c.oid = e.typrelid AND c.relkind <> 'c'
    UNION ALL
    SELECT tableoid, oid, 'pg_type'::regclass, contypid, NULL FROM pg_constraint WHERE contypid <> 0
    UNION ALL
    SELECT tableoid, oid, 'pg_class'::regclass, conrelid, conkey[1] FROM pg_constraint WHERE contype = 'n' AND conrelid <> 0
    UNION ALL
    SELECT tableoid, oid, 'pg_opfamily'::regclass, amopfamily, NULL FROM pg_amop
    UNION ALL
    SELECT tableoid, oid, 'pg_opfamily'::regclass, amprocfamily, NULL FROM pg_amproc
)
SELECT DISTINCT
    coalesce(dependent.catalog, d.classid) AS dependent_catalog,
    coalesce(dependent.object, d.objid) AS dependent_object,
    coalesce(dependent.part, d.objsubid) AS dependent_part,
    coalesce(referenced.catalog, d.refclassid) AS catalog,
    coalesce(referenced.object, d.refobjid) AS object,
    coalesce(referenced.part, d.refobjsubid) AS part,
    d.deptype = 'e' AS member
FROM pg_depend d
LEFT JOIN part_of dependent ON dependent.of_catalog = d.classid AND dependent.of_object = d.objid
LEFT JOIN part_of referenced ON referenced.of_catalog = d.refclassid AND referenced.of_object = d.refobjid
WHERE (
    d.deptype = 'e'
    OR d.objid >= 16384 AND (d.refobjid >= 16384 OR d.refclassid IN ('pg_namespace'::regclass, 'pg_language'::regclass))
) AND (coalesce(dependent.catalog, d.classid), coalesce(dependent.object, d.objid), coalesce(dependent.part, d.objsubid))
    <> (coalesce(referenced.catalog, d.refclassid), coalesce(referenced.object, d.refobjid), coalesce(referenced.part, d.refobjsubid))
