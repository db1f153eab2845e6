"""Every odd kind of table: two copies are equal, and one edit of each kind is found, by the row and by fingerprint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from psycopg import errors

from migsafe.cli import main
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from tests.fix_state import fresh_database
from tests.postgres.test_container import engine, image

__all__ = ["engine"]

Run = Callable[..., Result]

KINDS = {
    "public.composite_key": (
        (
            "CREATE TABLE composite_key (a text, b integer, v numeric, PRIMARY KEY (b, a));"
            "INSERT INTO composite_key VALUES ('x', 1, 1.0), ('y', 1, 2)"
        ),
        "UPDATE composite_key SET v = 1.00 WHERE a = 'x'",
    ),
    "public.no_key": (
        "CREATE TABLE no_key (a integer, b text); INSERT INTO no_key VALUES (1, 'x'), (1, 'x'), (1, 'x'), (NULL, NULL)",
        "DELETE FROM no_key WHERE ctid = (SELECT min(ctid::text)::tid FROM no_key WHERE a = 1)",
    ),
    "public.divided": (
        (
            "CREATE TABLE divided (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);"
            "CREATE TABLE low PARTITION OF divided FOR VALUES FROM (0) TO (10);"
            "CREATE TABLE high PARTITION OF divided DEFAULT;"
            "INSERT INTO divided SELECT i, i FROM generate_series(1, 20) i"
        ),
        "UPDATE divided SET v = '' WHERE id = 15",
    ),
    "public.child": (
        (
            "CREATE TABLE parent (id integer, v text); CREATE TABLE child (more integer) INHERITS (parent);"
            "INSERT INTO parent VALUES (1, 'x'); INSERT INTO child VALUES (1, 'x', 2)"
        ),
        "UPDATE parent SET v = NULL WHERE tableoid = 'child'::regclass",
    ),
    "public.derived": (
        (
            "CREATE TABLE derived (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text,"
            " twice text GENERATED ALWAYS AS (v || v) STORED); INSERT INTO derived (v) VALUES ('a'), ('b')"
        ),
        "UPDATE derived SET v = 'c' WHERE id = 1",
    ),
    "public.enumerated": (
        (
            "CREATE TYPE mood AS ENUM ('ok', 'happy'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0);"
            "CREATE TABLE enumerated (id positive PRIMARY KEY, v mood); INSERT INTO enumerated VALUES (1, 'ok')"
        ),
        "UPDATE enumerated SET v = 'happy'",
    ),
    "public.listed": (
        "CREATE TABLE listed (id integer PRIMARY KEY, v integer[]); INSERT INTO listed VALUES (1, '{1,2}')",
        "UPDATE listed SET v = '[0:1]={1,2}'",
    ),
    "public.ranged": (
        "CREATE TABLE ranged (v tstzrange PRIMARY KEY); INSERT INTO ranged VALUES ('[2020-01-01, 2021-01-01)')",
        "UPDATE ranged SET v = '[2020-01-01, 2021-01-01]'",
    ),
    "public.composed": (
        (
            "CREATE TYPE pair AS (a text, b numeric); CREATE TABLE composed (id integer PRIMARY KEY, v pair);"
            "INSERT INTO composed VALUES (1, ('', 1.0))"
        ),
        "UPDATE composed SET v = (NULL, 1.0)",
    ),
    "public.documents": (
        (
            "CREATE TABLE documents (id integer PRIMARY KEY, j json, b jsonb);"
            """INSERT INTO documents VALUES (1, '{"a":1}', '{"a":1.0}'), (2, NULL, 'null')"""
        ),
        """UPDATE documents SET b = '{"a":1.00}' WHERE id = 1""",
    ),
    "public.spaced": (
        "CREATE TABLE spaced (id integer PRIMARY KEY, j json); INSERT INTO spaced VALUES (1, '{\"a\":1}')",
        "UPDATE spaced SET j = '{\"a\": 1}'",
    ),
    "public.marked_up": (
        "CREATE TABLE marked_up (id integer PRIMARY KEY, v xml); INSERT INTO marked_up VALUES (1, '<a/>')",
        "UPDATE marked_up SET v = '<a></a>'",
    ),
    "public.shapes": (
        "CREATE TABLE shapes (id integer PRIMARY KEY, v point); INSERT INTO shapes VALUES (1, '(0,1)')",
        "UPDATE shapes SET v = '(-0,1)'",
    ),
    "public.bytes": (
        "CREATE TABLE bytes (id bytea PRIMARY KEY, v bytea); INSERT INTO bytes VALUES ('\\x00ff', '')",
        "UPDATE bytes SET v = '\\x00'",
    ),
    "public.lasting": (
        "CREATE TABLE lasting (id integer PRIMARY KEY, v interval); INSERT INTO lasting VALUES (1, '1 month')",
        "UPDATE lasting SET v = '30 days'",
    ),
    "public.floating": (
        "CREATE TABLE floating (id integer PRIMARY KEY, v float8); INSERT INTO floating VALUES (1, 'NaN'), (2, 0)",
        "UPDATE floating SET v = '-0' WHERE id = 2",
    ),
    "public.big": (
        "CREATE TABLE big (id bigint PRIMARY KEY, v bigint); INSERT INTO big VALUES (-9223372036854775808, -1)",
        "UPDATE big SET v = 4294967295",
    ),
    "public.unlogged": (
        "CREATE UNLOGGED TABLE unlogged (id uuid PRIMARY KEY); INSERT INTO unlogged VALUES (md5('a')::uuid)",
        "INSERT INTO unlogged VALUES (md5('b')::uuid)",
    ),
    "public.hidden": (
        (
            "CREATE TABLE hidden (id integer PRIMARY KEY); INSERT INTO hidden VALUES (1);"
            "ALTER TABLE hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        ),
        "INSERT INTO hidden VALUES (2)",
    ),
    "public.empty_rows": (
        "CREATE TABLE empty_rows (); INSERT INTO empty_rows DEFAULT VALUES",
        "INSERT INTO empty_rows DEFAULT VALUES",
    ),
    "public.shrunk": (
        (
            "CREATE TABLE shrunk (gone text, id integer PRIMARY KEY, v text); ALTER TABLE shrunk DROP COLUMN gone;"
            "INSERT INTO shrunk VALUES (1, repeat('long', 100000))"
        ),
        "UPDATE shrunk SET v = v || ' '",
    ),
    '"S ""p"."T %s {x}"': (
        (
            'CREATE SCHEMA "S ""p";'
            'CREATE TABLE "S ""p"."T %s {x}" ("a ""b" integer PRIMARY KEY, "select" text, t text);'
            'INSERT INTO "S ""p"."T %s {x}" VALUES (1, \'x\', \'y\')'
        ),
        'UPDATE "S ""p"."T %s {x}" SET "select" = \'y\', t = \'x\'',
    ),
    "public.summary": (
        (
            "CREATE TABLE source (v text); INSERT INTO source VALUES ('x');"
            "CREATE MATERIALIZED VIEW summary AS SELECT v FROM source"
        ),
        "INSERT INTO source VALUES ('y'); REFRESH MATERIALIZED VIEW summary; DELETE FROM source WHERE v = 'y'",
    ),
    "pg_largeobject": (
        (
            "SELECT lo_from_bytea(77001, '\\x00ff'), lo_from_bytea(77002, repeat('long', 1000)::bytea),"
            " lo_from_bytea(77003, 'gone')"
        ),
        "SELECT lo_put(77002, 2500, 'X'), lo_unlink(77003), lo_from_bytea(77005, 'come')",
    ),
}
"""By the table's printed name: what makes it, and an edit; where it can be, one that PostgreSQL takes for equal."""

UNREADABLE = """
CREATE FOREIGN DATA WRAPPER none; CREATE SERVER far FOREIGN DATA WRAPPER none;
CREATE FOREIGN TABLE remote (a integer) SERVER far;
CREATE VIEW looking AS SELECT * FROM remote
"""

SERVERS = {
    "whatever is there": None,
    "13": ServerSettings(use="container", version=13),
    "17": ServerSettings(use="container", version=17),
    "18": ServerSettings(use="embedded", version=18),
}


@pytest.fixture(params=SERVERS)
def nasty(request: pytest.FixtureRequest, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The kinds that the server has, each in a database behind OLD, and edited in one behind NEW; SAME is a copy."""
    chosen = SERVERS[request.param]
    if chosen is None:
        yield from nasty_on(server, monkeypatch)
        return
    if chosen.version and chosen.use == "container":
        chosen = replace(chosen, image=image(request.getfixturevalue("engine"), chosen.version))
    with servers.start(chosen) as other:
        yield from nasty_on(other, monkeypatch)


def nasty_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    with fresh_database(server) as old:
        made = set()
        for name, (making, _) in KINDS.items():
            try:
                old.execute(making.encode())
            except errors.FeatureNotSupported:  # xml, in some builds
                continue
            made.add(name)
        old.execute(UNREADABLE.encode())
        template = old.info.dbname
        old.close()
        with fresh_database(server, template) as same, fresh_database(server, template) as new:
            for name in made:
                new.execute(KINDS[name][1].encode())
            for name, database in (("OLD", template), ("SAME", same.info.dbname), ("NEW", new.info.dbname)):
                monkeypatch.setenv(name, server.address.on(database).url())
            yield made


def test_copies_are_equal_and_each_edit_is_found(nasty: set[str], tmp_path: Path) -> None:
    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments])

    kept = tmp_path / "kept"
    taken = run("fingerprint", "env:OLD", "-o", kept)
    assert taken.exit_code == 3, taken.output
    assert "not checked: public.remote: " in taken.output
    for first in ("env:OLD", kept):
        equal = run("compare", first, "env:SAME", "--exclude", "remote")
        assert equal.exit_code == 0, equal.output
        found = run("compare", first, "env:NEW", "--format", "json")
        document = json.loads(found.stdout)
        assert [each["subject"] for each in document["not_checked"]] == ["public.remote"]
        differing = {table["table"] for table in document["tables"] if table["differs"]}
        assert differing - {"public.low", "public.high"} == nasty
        if first == "env:OLD":
            (large,) = (table for table in document["tables"] if table["table"] == "pg_largeobject")
            assert (large["rows"], large["not_shown"]) == ({"old": 4, "new": 4}, 0)
            assert {(row["key"]["loid"], row["difference"]) for row in large["samples"]} == {
                ("77002", "changed"),
                ("77003", "missing"),
                ("77005", "extra"),
            }


def test_a_sequence_behind_its_column_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with fresh_database(server) as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
        monkeypatch.setenv("ONE", server.address.on(connection.info.dbname).url())
        assert (
            "gives 1 next, and column public.t.id is at 2"
            in CliRunner().invoke(main, ["fingerprint", "env:ONE"]).stderr
        )
        connection.execute("SELECT setval('t_id_seq', 2)")
        assert "warning" not in CliRunner().invoke(main, ["fingerprint", "env:ONE"]).stderr
