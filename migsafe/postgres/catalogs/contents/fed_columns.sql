-- Each sequence with the columns that it fills: those that own it, whose default calls for it, or that refer to such one.
SELECT sequence::regclass::text, relation::regclass::text, attname
FROM (
    WITH RECURSIVE fed AS (
        SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number
        FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
            AND d.refobjsubid > 0
        UNION
        SELECT d.refobjid, f.adrelid, f.adnum::integer
        FROM pg_depend d
        JOIN pg_attrdef f ON f.oid = d.objid
        WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0
        UNION
        SELECT fed.sequence, k.conrelid, k.conkey[array_position(k.confkey, fed.number::int2)]::integer
        FROM fed
        JOIN pg_constraint k ON k.contype = 'f' AND k.confrelid = fed.relation AND fed.number = ANY (k.confkey)
    )
    SELECT sequence, relation, number FROM fed
) fed
JOIN pg_class c ON c.oid = sequence AND c.relkind = 'S'
JOIN user_schema u ON u.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = number
ORDER BY 1, 2, 3
