"""Names in queries: every statement that a server takes is taken here, and what it refuses for a name is found."""

from __future__ import annotations

import psycopg
import pytest

from migsafe.catalog import Catalog
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of
from migsafe.rules import rules
from tests.fix_state import Fresh

GIVEN = """
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, note text, tags text[], data jsonb);
CREATE TABLE customers (id bigint PRIMARY KEY, name text, email text);
CREATE TABLE parts (at date, n int) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parents (a int); CREATE TABLE children (b int) INHERITS (parents);
ALTER TABLE parents ADD COLUMN late int;
CREATE VIEW open_orders AS SELECT id, note AS remark FROM orders;
CREATE SEQUENCE numbers;
CREATE TABLE old (a int, gone int); ALTER TABLE old RENAME TO new; ALTER TABLE new RENAME COLUMN a TO b;
ALTER TABLE new DROP COLUMN gone;
CREATE SCHEMA other; CREATE TABLE other.things (x int);
"""

TAKEN = [
    "SELECT ctid, xmin, tableoid, note FROM orders",
    "SELECT o FROM orders o",
    "SELECT o.note, public.orders.id FROM orders o, orders",
    "SELECT count(*) FROM pg_class WHERE relname = 'orders'",
    "SELECT table_name FROM information_schema.tables",
    "SELECT remark FROM open_orders",
    "SELECT last_value FROM numbers",
    "SELECT n FROM generate_series(1, 3) n",
    "SELECT value FROM orders, jsonb_array_elements(data)",
    "SELECT t.tag FROM orders o CROSS JOIN LATERAL unnest(o.tags) AS t (tag)",
    "SELECT l.name FROM orders o, LATERAL (SELECT name FROM customers c WHERE c.id = o.customer) l",
    "SELECT id AS key, note AS n FROM orders ORDER BY n, customer",
    "SELECT note AS n, count(*) FROM orders GROUP BY n",
    "SELECT a FROM (SELECT id AS a FROM orders) s WHERE s.a > 1",
    "SELECT * FROM (VALUES (1, 'x')) AS v (n, name) WHERE v.name = 'x'",
    "WITH x AS (SELECT id, note AS remark FROM orders) SELECT remark FROM x",
    "WITH x (a, b) AS (SELECT id, note FROM orders) SELECT b FROM x",
    "WITH orders AS (SELECT 1 AS sole) SELECT sole FROM orders",
    "WITH RECURSIVE t (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t",
    "WITH d AS (DELETE FROM orders RETURNING id, note) SELECT note FROM d",
    "SELECT o.note FROM orders o JOIN customers c USING (id) WHERE name = 'x'",
    "SELECT j.name FROM (orders o JOIN customers c ON c.id = o.customer) AS j",
    "SELECT x.i FROM orders AS x (i, c)",
    "SELECT id FROM orders UNION SELECT id FROM customers ORDER BY id",
    "SELECT sum(id) OVER w FROM orders WINDOW w AS (PARTITION BY customer)",
    "SELECT id FROM orders o WHERE EXISTS (SELECT FROM customers WHERE id = customer AND o.note = name)",
    "SELECT (data ->> 'a')::int FROM orders TABLESAMPLE SYSTEM (10)",
    "SELECT late FROM children",
    "SELECT n FROM parts_1",
    "SELECT b FROM new",
    "SELECT x FROM other.things",
    "UPDATE orders o SET note = c.name FROM customers c WHERE c.id = o.customer AND email IS NOT NULL",
    "UPDATE orders SET (note, customer) = (SELECT name, id FROM customers LIMIT 1)",
    "UPDATE orders SET tags[1] = 'x', note = current_user WHERE id = 1 RETURNING note",
    "DELETE FROM orders USING customers c WHERE c.id = customer",
    "INSERT INTO orders AS o (id, note) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET note = excluded.note || o.note",
    "INSERT INTO customers (id, name) SELECT customer, max(note) FROM orders GROUP BY customer RETURNING email",
    "CREATE TEMPORARY TABLE tmp AS SELECT id AS a FROM orders; SELECT a FROM tmp",
    "SELECT note INTO TEMPORARY copied FROM orders; SELECT note FROM copied",
    "SET search_path = other; SELECT x FROM things",
    "CREATE VIEW v AS SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer",
]

REFUSED = [
    ("SELECT nate FROM orders", "column-missing"),
    ("SELECT o.nate FROM orders o", "column-missing"),
    ("SELECT id FROM orders WHERE EXISTS (SELECT FROM customers WHERE custmer = id)", "column-missing"),
    ("SELECT gone FROM new", "column-missing"),
    ("SELECT a FROM new", "column-missing"),
    ("WITH x AS (SELECT id FROM orders) SELECT note FROM x", "column-missing"),
    ("SELECT s.b FROM (SELECT id AS a FROM orders) s", "column-missing"),
    ("UPDATE orders SET notes = 'x'", "column-missing"),
    ("UPDATE orders SET note = emial FROM customers", "column-missing"),
    ("DELETE FROM orders WHERE nate = 'x'", "column-missing"),
    ("INSERT INTO orders (id, nate) VALUES (1, 'x')", "column-missing"),
    ("INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = excluded.nate", "column-missing"),
    ("SELECT note AS n FROM orders WHERE n = 'x'", "column-missing"),
    ("CREATE VIEW v AS SELECT nate FROM orders", "column-missing"),
    ("CREATE INDEX ON orders (nate)", "column-missing"),
    ("ALTER TABLE orders DROP COLUMN nate", "column-missing"),
    ("ALTER TABLE orders ALTER COLUMN nate SET NOT NULL", "column-missing"),
    ("ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers (key)", "column-missing"),
    ("SELECT 1 FROM odrers", "table-missing"),
    ("SELECT 1 FROM old", "table-missing"),
    ("UPDATE other.thing SET x = 1", "table-missing"),
    ("INSERT INTO odrers VALUES (1)", "table-missing"),
    ("WITH x AS (SELECT 1 FROM odrers) SELECT 1 FROM x", "table-missing"),
    ("ALTER TABLE odrers ADD COLUMN a int", "table-missing"),
    ("ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES custmers", "table-missing"),
    ("CREATE INDEX ON odrers (id)", "table-missing"),
]


@pytest.fixture(scope="module")
def linter() -> Linter:
    return Linter(tuple(rules()[name] for name in ("table-missing", "column-missing")))


def found(linter: Linter, sql: str, given: str = GIVEN) -> list[str]:
    catalog = Catalog(complete=True)
    follow(script_of(given), catalog)
    return [finding.rule for finding in linter.lint(script_of(sql), catalog)]


@pytest.mark.parametrize("sql", TAKEN)
def test_a_statement_that_is_right_is_let_pass(linter: Linter, sql: str) -> None:
    assert found(linter, sql) == []


@pytest.mark.parametrize(("sql", "rule"), REFUSED)
def test_a_name_that_is_wrong_is_found(linter: Linter, sql: str, rule: str) -> None:
    assert found(linter, sql) == [rule]


def test_the_server_takes_and_refuses_the_same(fresh: Fresh) -> None:
    states = {"column-missing": "42703", "table-missing": "42P01"}
    with fresh() as connection:
        connection.execute(GIVEN.encode())
        for sql in TAKEN:
            with connection.transaction(force_rollback=True):
                connection.execute(sql.encode())
        for sql, rule in REFUSED:
            with pytest.raises(psycopg.Error) as error, connection.transaction():
                connection.execute(sql.encode())
            assert error.value.sqlstate == states[rule], sql


@pytest.mark.parametrize(
    "before",
    [
        "DO $$ BEGIN EXECUTE 'CREATE TABLE ' || 'hidden (a int)'; END $$;",
        "DO $$ BEGIN IF true THEN ALTER TABLE orders RENAME TO odrers; END IF; END $$;",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT 1'; SELECT f();",
        "CREATE EXTENSION postgis;",
        "CALL p();",
    ],
)
def test_nothing_is_said_behind_what_cannot_be_followed(linter: Linter, before: str) -> None:
    assert found(linter, "SELECT nate FROM odrers", GIVEN + before) == []
    assert found(linter, f"{before} SELECT nate FROM odrers") == []


def test_a_function_that_is_only_made_hides_nothing(linter: Linter) -> None:
    before = "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'x' || 'y'; END $$;"
    assert found(linter, "SELECT nate FROM orders", GIVEN + before) == ["column-missing"]


def test_variables_of_a_block_are_no_columns(linter: Linter) -> None:
    assert found(linter, "DO $$ DECLARE n int; BEGIN UPDATE orders SET id = n WHERE id = n; END $$") == []


def test_what_was_never_seen_may_be_there(linter: Linter) -> None:
    catalog = Catalog()
    assert linter.lint(script_of("SELECT a FROM unseen; ALTER TABLE unseen DROP COLUMN b"), catalog) == ()


def test_a_name_that_was_dropped_may_be_given_again(linter: Linter) -> None:
    anew = "ALTER TABLE unknown DROP COLUMN a; ALTER TABLE unknown RENAME COLUMN b TO a;"
    assert not linter.lint(script_of(f"{anew} CREATE INDEX i ON unknown (a);"), Catalog())
    assert linter.lint(script_of(f"{anew} CREATE INDEX i ON unknown (b);"), Catalog())


def test_a_history_that_begins_with_tables_of_others_is_told_so_once(linter: Linter) -> None:
    later = "SELECT 1 FROM third; ALTER TABLE fourth ADD COLUMN a int;"
    assert found(linter, later, "") == [], "nothing was seen being made"
    assert found(linter, f"CREATE INDEX ON unseen (a); {later}") == ["table-missing"]
    assert found(linter, later, f"{GIVEN} CREATE INDEX ON unseen (a);") == []


def test_the_nearest_name_is_proposed(linter: Linter) -> None:
    catalog = Catalog(complete=True)
    follow(script_of(GIVEN), catalog)
    (finding,) = linter.lint(script_of("SELECT custmer FROM orders"), catalog)
    assert finding.remedy == "-- is customer meant?"
