SELECT
    'event trigger' AS kind,
    t.tableoid AS catalog,
    t.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'event', t.evtevent,
        'function', t.evtfoid::regprocedure,
        'tags', (SELECT jsonb_agg(tag ORDER BY tag) FROM unnest(t.evttags) tag),
        'enabled', CASE t.evtenabled WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END
    ) AS fields
FROM pg_event_trigger t
WHERE t.evtname !~ '^migsafe_'
