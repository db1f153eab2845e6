"""What is asked of the catalogs to give tables rows, whatever their number: four queries."""

from __future__ import annotations

TABLES = """
SELECT
    c.oid::bigint,
    format('%I.%I', n.nspname, c.relname),
    c.oid::regclass::text,
    n.nspname,
    c.relname,
    c.relkind = 'p',
    coalesce(a.columns, '[]')
FROM pg_class c
JOIN user_schema n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'name', attname,
        'type', format_type(atttypid, atttypmod),
        'base', format_type(base.oid, NULL),
        'category', base.typcategory,
        'kind', base.typtype,
        'modifier', base.modifier,
        'not_null', attnotnull OR base.not_null,
        'generated', attgenerated <> '',
        'identity', attidentity <> '',
        'domain', base.oid <> atttypid,
        'default', coalesce(pg_get_expr(def.adbin, def.adrelid), base.default),
        'sources', (
            SELECT jsonb_agg(s.attname)
            FROM pg_depend d
            JOIN pg_attribute s ON s.attrelid = d.refobjid AND s.attnum = d.refobjsubid
            WHERE pg_attribute.attgenerated <> ''
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = pg_attribute.attrelid
                AND d.refobjsubid NOT IN (0, pg_attribute.attnum) AND (
                    d.classid = 'pg_attrdef'::regclass AND d.objid = def.oid
                    OR d.classid = d.refclassid AND d.objid = d.refobjid AND d.objsubid = pg_attribute.attnum
                )
        ),
        'labels', (SELECT jsonb_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = base.oid),
        'bound', base.checked
            OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c' AND attnum = ANY (conkey))
            OR EXISTS (
                SELECT
                FROM pg_partition_tree(c.oid) part
                JOIN pg_partitioned_table p ON p.partrelid = part.relid
                JOIN pg_attribute k ON k.attrelid = part.relid AND k.attnum = ANY (p.partattrs::int2[])
                WHERE c.relkind = 'p' AND k.attname = pg_attribute.attname
            ),
        'sequence', (
            SELECT min(d.sequence::regclass::text)
            FROM (
                SELECT objid AS sequence FROM pg_depend
                WHERE classid = 'pg_class'::regclass AND refclassid = classid AND refobjid = attrelid
                    AND refobjsubid = attnum AND deptype IN ('a', 'i')
                UNION ALL
                SELECT refobjid FROM pg_depend
                WHERE classid = 'pg_attrdef'::regclass AND objid = def.oid AND refclassid = 'pg_class'::regclass
            ) AS d
            JOIN pg_class s ON s.oid = d.sequence AND s.relkind = 'S'
        )
    ) ORDER BY attnum) AS columns
    FROM pg_attribute
    LEFT JOIN pg_attrdef def ON def.adrelid = attrelid AND def.adnum = attnum
    CROSS JOIN LATERAL (
        WITH RECURSIVE below AS (
            SELECT t.oid, typtype, typbasetype, typcategory, atttypmod AS modifier, typnotnull AS not_null,
                EXISTS (SELECT FROM pg_constraint WHERE contypid = t.oid AND contype = 'c') AS checked,
                typdefault AS default, 0 AS depth, typtypmod
            FROM pg_type t
            WHERE oid = atttypid
            UNION ALL
            SELECT t.oid, t.typtype, t.typbasetype, t.typcategory, greatest(below.modifier, below.typtypmod),
                below.not_null OR t.typnotnull,
                below.checked OR EXISTS (SELECT FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'),
                coalesce(below.default, t.typdefault), depth + 1, t.typtypmod
            FROM below
            JOIN pg_type t ON below.typtype = 'd' AND t.oid = below.typbasetype
        )
        SELECT * FROM below ORDER BY depth DESC LIMIT 1
    ) base
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
) a
WHERE c.relkind IN ('r', 'p')
    AND c.relpersistence <> 't'
    AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
"""
"""Tables and partitioned tables, without partitions, by name; each with its columns as JSON."""

KEYS = """
SELECT
    i.indrelid::bigint,
    ic.relname,
    CASE WHEN con.contype = 'x' THEN (
        SELECT array_agg(a.attname::text ORDER BY pair.position)
        FROM unnest(con.conkey, con.conexclop) WITH ORDINALITY AS pair (attnum, operator, position)
        JOIN pg_operator o ON o.oid = pair.operator AND o.oprname = '='
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = pair.attnum
    ) ELSE (
        SELECT array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (
            a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
            OR i.indexprs IS NOT NULL AND EXISTS (
                SELECT FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                    AND d.refclassid = d.classid AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum
            )
        )
    ) END,
    coalesce(con.condeferrable, false)
FROM pg_index i
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid
LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x')
WHERE (i.indisunique OR con.contype = 'x') AND i.indislive
ORDER BY i.indisprimary DESC, ic.relname
"""
"""The columns of each unique index, and those that an exclusion constraint compares by =."""

REFERENCES = """
SELECT
    CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid ELSE c.oid END::bigint,
    array_agg(child.attname::text ORDER BY pair.position),
    CASE WHEN p.relispartition THEN pg_partition_root(p.oid)::oid ELSE p.oid END::bigint,
    array_agg(parent.attname::text ORDER BY pair.position)
FROM pg_constraint con
JOIN pg_class c ON c.oid = con.conrelid
JOIN pg_class p ON p.oid = con.confrelid
CROSS JOIN LATERAL unnest(con.conkey, con.confkey) WITH ORDINALITY AS pair (child, parent, position)
JOIN pg_attribute child ON child.attrelid = con.conrelid AND child.attnum = pair.child
JOIN pg_attribute parent ON parent.attrelid = con.confrelid AND parent.attnum = pair.parent
WHERE con.contype = 'f' AND con.conparentid = 0
GROUP BY con.oid, con.conname, c.oid, p.oid, c.relispartition, p.relispartition
ORDER BY con.conname
"""
"""Foreign keys, those of and to partitions by their roots."""

TRIGGERS = """
SELECT
    CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid ELSE c.oid END::bigint,
    array_agg(DISTINCT tgname::text),
    coalesce(array_agg(DISTINCT tgname::text) FILTER (WHERE tgenabled IN ('A', 'R')), '{}')
FROM pg_trigger
JOIN pg_class c ON c.oid = tgrelid
WHERE NOT tgisinternal AND tgtype & 4 <> 0 AND tgenabled <> 'D'
GROUP BY 1
"""
"""Triggers that fire on INSERT, and those of them that fire in replica mode too."""
