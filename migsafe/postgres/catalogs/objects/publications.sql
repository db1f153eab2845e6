SELECT
    'publication' AS kind,
    p.tableoid AS catalog,
    p.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'all_tables', p.puballtables,
        'insert', p.pubinsert,
        'update', p.pubupdate,
        'delete', p.pubdelete,
        'truncate', p.pubtruncate,
        'via_root', p.pubviaroot,
        'generated_columns', nullif(to_jsonb(p) ->> 'pubgencols', 'n')
    ) AS fields
FROM pg_publication p
