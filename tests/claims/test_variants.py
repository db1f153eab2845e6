"""Where a rule is silent, nothing happens; where it speaks, it does: the cases between its two examples."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migsafe.postgres.server import Server
from migsafe.rules import rules
from migsafe.rules.claims import Locks
from tests.claims.running import example
from tests.rules.test_examples import lint

EVENTS = "CREATE TABLE events (at int) PARTITION BY RANGE (at);\n"
OLD = "INSERT INTO old SELECT n FROM generate_series(1, 500) AS n;"
ATTACH = "ALTER TABLE events ATTACH PARTITION old FOR VALUES FROM (1) TO (9000);"
PARTITIONED = f"{EVENTS}CREATE TABLE part PARTITION OF events FOR VALUES FROM (1) TO (9000);"
DEFAULT = f"{EVENTS}CREATE TABLE rest PARTITION OF events DEFAULT;"
EARLY = "CREATE TABLE early PARTITION OF events FOR VALUES FROM (1) TO (9);"
FILLED = "CREATE TABLE orders (id bigint, customer bigint CONSTRAINT filled CHECK (customer IS NOT NULL));"
SEVERAL = "CREATE TABLE orders (id bigint, customer bigint, note varchar(10));"
REFERRED = "CREATE TABLE customers (id bigint PRIMARY KEY);\nCREATE TABLE orders (id bigint);"

DOMAINS = """
CREATE DOMAIN free AS text;
CREATE DOMAIN filled AS text CHECK (VALUE IS NULL OR length(VALUE) < 99);
CREATE DOMAIN needed AS text DEFAULT '' NOT NULL;
CREATE DOMAIN of_filled AS filled;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE orders (id bigint, note text, free free, filled filled, mood mood);
INSERT INTO orders SELECT n, 'a', 'a', 'a', 'ok' FROM generate_series(1, 500) AS n;"""
CHECKED_SINCE = """
ALTER DOMAIN free ADD CHECK (VALUE <> '');
ALTER TABLE orders ALTER note TYPE free;"""
ANEW = """
ALTER TYPE mood RENAME TO old_mood;
CREATE TYPE mood AS ENUM ('sad', 'ok');
ALTER TABLE orders ALTER mood TYPE mood USING mood::text::mood;"""
TIMES = "CREATE TABLE orders (at timestamp);\nINSERT INTO orders SELECT now() FROM generate_series(1, 500);"
ZONED = "ALTER TABLE orders ALTER at TYPE timestamptz;"
INDEXED = f"{SEVERAL}\nCREATE INDEX orders_id ON orders (id);"
ANOTHER = "DROP INDEX IF EXISTS orders_id;\nCREATE INDEX orders_note ON orders (note);"
ONCE_MORE = "CREATE INDEX IF NOT EXISTS orders_id ON orders (note);"
SKIPPED = {"00000", "42P07"}
"""What the server says of what IF EXISTS and IF NOT EXISTS pass over."""
FUNCTIONS = """
CREATE FUNCTION plpgsql_one() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION stable_one() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION chance() RETURNS int LANGUAGE sql AS 'SELECT (random() * 9)::int';
CREATE FUNCTION written_chance() RETURNS int LANGUAGE sql AS 'SELECT chance() + 1';
CREATE TABLE orders (id bigint);"""
STABLE_NOW = """
CREATE OR REPLACE FUNCTION plpgsql_one() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
ALTER TABLE orders ADD a int DEFAULT plpgsql_one();"""

CASES = [
    ("attach-scans", f"{EVENTS}CREATE TABLE old (at int NOT NULL CHECK (at BETWEEN 1 AND 5000));", ATTACH, False),
    (
        "attach-scans",
        f"{EVENTS}CREATE TABLE old (at int CHECK (at IS NOT NULL AND at BETWEEN 1 AND 500));",
        ATTACH,
        False,
    ),
    ("attach-scans", f"{EVENTS}CREATE TABLE old (at int CHECK (at BETWEEN 1 AND 5000));", ATTACH, True),
    ("attach-scans", f"{EVENTS}CREATE TABLE old (at int CHECK (at IS NOT NULL));", ATTACH, True),
    (
        "attach-scans",
        f"{EVENTS}CREATE TABLE old (at int NOT NULL);\nALTER TABLE old ADD CHECK (at BETWEEN 1 AND 5000) NOT VALID;",
        ATTACH,
        True,
    ),
    ("default-partition-scans", EVENTS, EARLY, False),
    ("default-partition-scans", DEFAULT, f"ALTER TABLE events DETACH PARTITION rest;\n{EARLY}", False),
    ("default-partition-scans", DEFAULT.replace("DEFAULT", "(CHECK (at > 10)) DEFAULT"), EARLY, False),
    ("default-partition-scans", DEFAULT.replace("DEFAULT", "(CHECK (at IS NOT NULL)) DEFAULT"), EARLY, True),
    (
        "default-partition-scans",
        f"{EVENTS}CREATE TABLE rest (at int CHECK (at > 9));\nALTER TABLE events ATTACH PARTITION rest DEFAULT;",
        "CREATE TABLE fresh (at int);\nALTER TABLE events ATTACH PARTITION fresh FOR VALUES FROM (-9) TO (9);",
        False,
    ),
    ("set-not-null-scans", FILLED, "ALTER TABLE orders ALTER customer SET NOT NULL;", False),
    ("set-not-null-scans", FILLED, "ALTER TABLE orders ALTER customer SET NOT NULL, DROP CONSTRAINT filled;", True),
    ("set-not-null-scans", FILLED, "ALTER TABLE orders DROP CONSTRAINT filled, ALTER customer SET NOT NULL;", True),
    ("set-not-null-scans", SEVERAL, "ALTER TABLE orders ADD a int, ALTER customer SET NOT NULL;", True),
    ("check-valid-at-once", SEVERAL, "ALTER TABLE orders ADD a int, ADD CHECK (a > 0);", True),
    ("check-valid-at-once", SEVERAL, "ALTER TABLE orders ADD a int DEFAULT 1 CHECK (a > 0);", True),
    ("check-valid-at-once", SEVERAL, "ALTER TABLE orders ADD a int, ADD CHECK (id > 0) NOT VALID;", False),
    ("type-change-rewrites", SEVERAL, "ALTER TABLE orders ALTER note TYPE text, ALTER id TYPE numeric;", True),
    ("type-change-rewrites", SEVERAL, "ALTER TABLE orders ALTER note TYPE text, ADD a int;", False),
    ("type-change-rewrites", DOMAINS, "ALTER TABLE orders ALTER filled TYPE text, ALTER free TYPE varchar;", False),
    ("type-change-rewrites", DOMAINS, "ALTER TABLE orders ALTER note TYPE free;", False),
    ("type-change-rewrites", DOMAINS, "ALTER TABLE orders ALTER note TYPE filled;", True),
    ("type-change-rewrites", DOMAINS, CHECKED_SINCE, True),
    ("type-change-rewrites", DOMAINS, ANEW, True),
    ("index-build-under-exclusive-lock", INDEXED, ANOTHER, True),
    ("index-build-under-exclusive-lock", INDEXED, f"ALTER TABLE orders ADD a int;\n{ONCE_MORE}", False),
    ("index-not-concurrent", INDEXED, ONCE_MORE, False),
    ("index-build-under-exclusive-lock", f"{INDEXED}\nDROP INDEX orders_id;", ANOTHER, False),
    ("type-change-rewrites", TIMES, f"SET TIME ZONE 'UTC';\n{ZONED}", False),
    ("type-change-rewrites", TIMES, f"SET timezone = 'Europe/Vienna';\n{ZONED}", True),
    ("domain-column-rewrites", DOMAINS, "ALTER TABLE orders ADD a free;", False),
    ("domain-column-rewrites", DOMAINS, "ALTER TABLE orders ADD a needed;", True),
    ("domain-column-rewrites", DOMAINS, "ALTER TABLE orders ADD a of_filled;", True),
    ("domain-column-rewrites", DOMAINS, "ALTER TABLE orders ADD a filled[];", False),
    ("column-default-rewrites", FUNCTIONS, "ALTER TABLE orders ADD a int DEFAULT plpgsql_one();", True),
    ("column-default-rewrites", FUNCTIONS, "ALTER TABLE orders ADD a int DEFAULT stable_one();", False),
    ("column-default-rewrites", FUNCTIONS, "ALTER TABLE orders ADD a int DEFAULT one();", False),
    ("column-default-rewrites", FUNCTIONS, "ALTER TABLE orders ADD a int DEFAULT chance();", True),
    ("column-default-rewrites", FUNCTIONS, "ALTER TABLE orders ADD a int DEFAULT written_chance();", True),
    ("column-default-rewrites", FUNCTIONS, STABLE_NOW, False),
    ("foreign-key-valid-at-once", REFERRED, "ALTER TABLE orders ADD customer bigint REFERENCES customers;", False),
    (
        "foreign-key-valid-at-once",
        REFERRED,
        "ALTER TABLE orders ADD customer bigint DEFAULT 1 REFERENCES customers;",
        True,
    ),
    ("unique-builds-index", PARTITIONED, "ALTER TABLE events ADD UNIQUE (at);", True),
    ("unique-builds-index", PARTITIONED, "ALTER TABLE ONLY events ADD UNIQUE (at);", False),
    ("primary-key-builds-index", PARTITIONED, "ALTER TABLE events ADD PRIMARY KEY (at);", True),
]


@pytest.mark.parametrize(("id_", "given", "script", "found"), CASES, ids=[f"{id_}: {sql}" for id_, _, sql, _ in CASES])
def test_lint_and_server_agree(server: Server, id_: str, given: str, script: str, *, found: bool) -> None:
    rule = replace(rules()[id_], given=given, production=OLD if "TABLE old" in given else "", bad=script)
    (claim, *_) = rule.claims
    assert isinstance(claim, Locks)
    if given == PARTITIONED:  # the partitions are read, the whole is locked
        claim = replace(claim, elsewhere=True)
    with example(server, rule) as before, before.clone() as database:
        seen = before.run(database, script)
    assert not {*seen.said} - SKIPPED
    assert bool(list(claim.shown(seen.statements))) is found
    assert bool(lint(rule, script)) is found


def test_a_temporary_table_is_none_that_stands_in_for_one_that_was_renamed() -> None:
    renamed = "ALTER TABLE orders RENAME TO purchases;\nCREATE {} TABLE orders (id bigint);"
    assert not lint(rules()["table-renamed"], renamed.format(""))
    assert lint(rules()["table-renamed"], renamed.format("TEMPORARY"))
