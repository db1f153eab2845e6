-- Of a foreign key to a partitioned table, the rows that PostgreSQL adds for each partition referenced are left out.
-- Domain constraints are fields of the domain; NOT NULL is a field of the column.
-- Before PostgreSQL 18 there is no conenforced: there the name is that of `until_17`.
SELECT
    'constraint' AS kind,
    k.tableoid AS catalog,
    k.oid AS object,
    0 AS part,
    k.conrelid AS relation,
    jsonb_build_object(
        'definition', pg_get_constraintdef(k.oid),
        'unvalidated', nullif(NOT k.convalidated, false),
        'deferrable', nullif(k.condeferrable, false),
        'deferred', nullif(k.condeferred, false),
        'inherited', nullif(k.coninhcount > 0 OR k.conparentid <> 0, false),
        'not_enforced', nullif(NOT k.enforced, false),
        'triggers_disabled', CASE WHEN k.contype IN ('f', 'u', 'p', 'x') THEN (
            SELECT nullif(bool_or(t.tgenabled <> 'O'), false) FROM pg_trigger t WHERE t.tgconstraint = k.oid
        ) END
    ) AS fields
FROM user_schema u
JOIN pg_class c ON c.relnamespace = u.oid AND c.relpersistence <> 't'
CROSS JOIN (SELECT true AS conenforced) AS until_17
JOIN LATERAL (SELECT k.*, k.tableoid, conenforced AS enforced FROM pg_constraint k) AS k
    ON k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
WHERE NOT EXISTS (SELECT FROM pg_constraint parent WHERE parent.oid = k.conparentid AND parent.conrelid = k.conrelid)
