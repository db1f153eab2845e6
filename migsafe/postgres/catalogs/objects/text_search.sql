SELECT
    'text search configuration' AS kind,
    c.tableoid AS catalog,
    c.oid AS object,
    0 AS part,
    NULL::oid AS relation,
    jsonb_build_object(
        'parser', (SELECT identity FROM pg_identify_object('pg_ts_parser'::regclass, c.cfgparser, 0)),
        'mapping', (
            SELECT jsonb_object_agg(token.alias, m.dictionaries)
            FROM ts_token_type(c.cfgparser) token
            JOIN (
                SELECT maptokentype, jsonb_agg(mapdict::regdictionary::text ORDER BY mapseqno) AS dictionaries
                FROM pg_ts_config_map
                WHERE mapcfg = c.oid
                GROUP BY maptokentype
            ) m ON m.maptokentype = token.tokid
        )
    ) AS fields
FROM user_schema u
JOIN pg_ts_config c ON c.cfgnamespace = u.oid
UNION ALL
SELECT
    'text search dictionary',
    d.tableoid,
    d.oid,
    0,
    NULL,
    jsonb_build_object(
        'template', (SELECT identity FROM pg_identify_object('pg_ts_template'::regclass, d.dicttemplate, 0)),
        'options', d.dictinitoption
    )
FROM user_schema u
JOIN pg_ts_dict d ON d.dictnamespace = u.oid
UNION ALL
SELECT
    'text search parser',
    p.tableoid,
    p.oid,
    0,
    NULL,
    jsonb_build_object('start', p.prsstart, 'token', p.prstoken, 'end', p.prsend, 'types', p.prslextype)
FROM user_schema u
JOIN pg_ts_parser p ON p.prsnamespace = u.oid
UNION ALL
SELECT
    'text search template',
    t.tableoid,
    t.oid,
    0,
    NULL,
    jsonb_build_object('init', nullif(t.tmplinit::oid, 0)::regproc, 'lexize', t.tmpllexize)
FROM user_schema u
JOIN pg_ts_template t ON t.tmplnamespace = u.oid
