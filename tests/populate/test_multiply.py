"""Rows are multiplied key-safely: every constraint holds afterwards, copies refer to copies, or no row is copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from migsafe.populate.multiply import multiply
from migsafe.postgres.names import TableName
from tests.fix_state import Fresh

SHOP = r"""
CREATE SCHEMA "Odd ""schema"" too";
CREATE DOMAIN email AS varchar(40) CHECK (VALUE LIKE '%@%');
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE customers (
    id serial PRIMARY KEY, mail email UNIQUE, born date, feels mood, "select" uuid UNIQUE DEFAULT gen_random_uuid(),
    lower_mail text GENERATED ALWAYS AS (lower(mail)) STORED UNIQUE);
CREATE TABLE "Odd ""schema"" too"."Order %s {} ""lines"" all" (
    "order" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "customer %" int NOT NULL REFERENCES customers ON DELETE CASCADE,
    parent bigint REFERENCES "Odd ""schema"" too"."Order %s {} ""lines"" all",
    price numeric(8, 2) CHECK (price > 0));
CREATE TABLE tags (name varchar(6) PRIMARY KEY);
CREATE TABLE tagged (
    customer int REFERENCES customers, tag text REFERENCES tags, at timestamptz DEFAULT now(),
    PRIMARY KEY (customer, tag));
CREATE TABLE feelings (feels mood PRIMARY KEY, meaning text NOT NULL);
CREATE TABLE nights (id int, day date, room int, feels mood REFERENCES feelings, PRIMARY KEY (id, day))
    PARTITION BY RANGE (day);
CREATE TABLE nights_1 PARTITION OF nights FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE nights_2 PARTITION OF nights FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE stays (night int, day date, FOREIGN KEY (night, day) REFERENCES nights);
CREATE TABLE nothing (id int PRIMARY KEY);
CREATE TABLE schema_version (version text);
INSERT INTO customers (mail, born, feels)
    SELECT 'C' || n || '@x', date '2000-01-01' + n, 'sad' FROM generate_series(1, 20) n;
INSERT INTO "Odd ""schema"" too"."Order %s {} ""lines"" all" ("customer %", parent, price)
    SELECT 1 + n % 20, nullif(n - 1, 0), n FROM generate_series(1, 50) n;
INSERT INTO tags VALUES ('a'), ('b'), ('sixlet');
INSERT INTO tagged SELECT id, name FROM customers, tags;
INSERT INTO feelings VALUES ('sad', 'not well'), ('happy', 'well');
INSERT INTO nights SELECT n, date '2024-01-01' + n, n % 3, 'happy' FROM generate_series(1, 40) n;
INSERT INTO stays SELECT id, day FROM nights;
INSERT INTO schema_version VALUES ('7');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'fired'; END $$;
CREATE TRIGGER audit BEFORE INSERT ON tagged FOR EACH ROW EXECUTE FUNCTION refuse();
"""

ORDERS = '"Odd ""schema"" too"."Order %s {} ""lines"" all"'


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_a_shop_becomes_four_times_as_large_and_every_constraint_holds(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(SHOP.encode())
        kept = rows(connection, "SELECT c::text FROM customers c")
        done = multiply(connection, 4, ignore=[TableName("schema_version")])
        assert done.refused.keys() == {"feelings"}, done.refused
        assert done.rows == {
            "customers": 80,
            ORDERS: 200,
            "tags": 12,
            "tagged": 240,
            "feelings": 2,
            "nights": 160,
            "stays": 160,
            "nothing": 0,
        }
        assert list(done.refused) == ["feelings"]
        assert "there are no new values for the type mood" in done.refused["feelings"]
        assert {*kept} < {*rows(connection, "SELECT c::text FROM customers c")}
        assert rows(connection, "SELECT * FROM schema_version") == [("7",)]
        revalidate(connection)
        # a copy refers to the copy with its own number, in the same shape as the rows that it is a copy of
        shape = f"""SELECT count(*) FROM (
            SELECT "customer %", count(*) FROM {ORDERS} GROUP BY 1 HAVING count(*) NOT IN (2, 3)) AS odd"""
        assert rows(connection, shape) == [(0,)]
        assert rows(connection, f"SELECT count(*) FROM {ORDERS} WHERE parent IS NULL") == [(4,)]
        connection.execute("INSERT INTO customers (mail, feels) VALUES ('new@x', 'sad')")
        connection.execute(f'INSERT INTO {ORDERS} ("customer %", price) VALUES (1, 1)'.encode())


def test_multiplying_again_meets_no_earlier_copy(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(SHOP.encode())
        for expected in (40, 80, 240):
            factor = 3 if expected == 240 else 2
            done = multiply(connection, factor, ignore=[TableName("schema_version")])
            assert (done.rows["customers"], [*done.refused]) == (expected, ["feelings"])
            revalidate(connection)


def revalidate(connection: psycopg.Connection) -> None:
    """Check every foreign key anew: triggers were off while rows came in."""
    connection.execute("UPDATE pg_constraint SET convalidated = false WHERE contype = 'f'")
    query = """SELECT format('ALTER TABLE %s VALIDATE CONSTRAINT %I', conrelid::regclass, conname)
        FROM pg_constraint WHERE contype = 'f' AND conparentid = 0"""
    for (statement,) in rows(connection, query):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("smallint", "SELECT n FROM generate_series(-5, 5) n"),
        ("integer", "VALUES (2147483000), (2147483647)"),
        ("bigint", "VALUES (1), (4000000000000)"),
        ("numeric(6, 2)", "VALUES (0.25), (17.75)"),
        ("numeric", "VALUES (1), (123456789012345678901234567890.5)"),
        ("double precision", "VALUES (1.5), (-7.25)"),
        ("oid", "VALUES (7), (1000000000)"),
        ("text", "VALUES (''), ('a'), ('a~1'), ('~7')"),
        ("varchar(8)", "VALUES ('longlong'), ('a'), ('')"),
        ("char(9)", "VALUES ('a'), ('ninechars')"),
        ("name", "VALUES ('a'), (repeat('b', 63))"),
        ("uuid", "SELECT gen_random_uuid() FROM generate_series(1, 3)"),
        ("bytea", r"VALUES ('\x00'), ('')"),
        ("date", "VALUES ('2024-01-01'), ('2024-06-30'), ('1999-12-31')"),
        ("timestamp", "VALUES ('2024-01-01 12:30'), ('1999-12-31')"),
        ("timestamptz", "VALUES ('2024-01-01 12:30'), ('1999-12-31')"),
        ("time", "VALUES ('00:00'), ('12:30')"),
    ],
)
def test_a_key_of_each_type_gets_new_values_and_so_does_what_refers_to_it(
    fresh: Fresh, type_: str, values: str
) -> None:
    with fresh() as connection:
        connection.execute(f"CREATE TABLE keys (k {type_} PRIMARY KEY); INSERT INTO keys {values}".encode())
        connection.execute(
            f"CREATE TABLE refers (k {type_} REFERENCES keys); INSERT INTO refers SELECT * FROM keys".encode()
        )
        old = len(rows(connection, "SELECT * FROM keys"))
        done = multiply(connection, 3)
        assert done.refused == {}
        assert done.rows == {"keys": 3 * old, "refers": 3 * old}
        assert rows(connection, "SELECT count(DISTINCT k) FROM keys NATURAL JOIN refers") == [(3 * old,)]


REFUSED = {
    "enum": ("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (k e UNIQUE); INSERT INTO t VALUES ('a')", "no new values"),
    "boolean": ("CREATE TABLE t (k bool PRIMARY KEY); INSERT INTO t VALUES (true)", "the type boolean"),
    "no room": ("CREATE TABLE t (k smallint PRIMARY KEY); INSERT INTO t VALUES (-32768), (32767)", "no room"),
    "check": ("CREATE TABLE t (k int PRIMARY KEY CHECK (k < 2)); INSERT INTO t VALUES (1)", '"t_k_check"'),
    "partition": (
        (
            "CREATE TABLE t (k int PRIMARY KEY) PARTITION BY RANGE (k);"
            "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (2); INSERT INTO t VALUES (1)"
        ),
        "no partition",
    ),
    "exclusion": (
        "CREATE TABLE t (during tsrange, EXCLUDE USING gist (during WITH &&)); INSERT INTO t VALUES ('[2024-01-01,)')",
        "t_during_excl",
    ),
    "trigger that always fires": (
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE t (k int);"
            "CREATE TRIGGER stubborn BEFORE INSERT ON t EXECUTE FUNCTION f(); INSERT INTO t VALUES (1);"
            "ALTER TABLE t ENABLE ALWAYS TRIGGER stubborn"
        ),
        "its trigger stubborn would fire",
    ),
    "short code": (
        "CREATE TABLE t (k char(1) PRIMARY KEY); INSERT INTO t SELECT chr(32 + n) FROM generate_series(1, 90) n",
        "unique",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_cannot_be_multiplied_is_named_and_keeps_its_rows(fresh: Fresh, case: str) -> None:
    setup, reason = REFUSED[case]
    with fresh() as connection:
        connection.execute(setup.encode())
        connection.execute("CREATE TABLE other (id int PRIMARY KEY, note text); INSERT INTO other VALUES (1, 'x')")
        old = rows(connection, "SELECT t::text FROM t")
        done = multiply(connection, 2)
        assert reason in done.refused["t"]
        assert rows(connection, "SELECT t::text FROM t") == old
        assert done.rows == {"t": len(old), "other": 2}


def test_copies_keep_referring_to_the_rows_of_a_table_that_the_server_refuses(fresh: Fresh) -> None:
    """The refusal comes only while copying, after another table that shares its key was copied."""
    with fresh() as connection:
        connection.execute(
            """
            CREATE TABLE a (id int PRIMARY KEY);
            CREATE TABLE b (id int PRIMARY KEY REFERENCES a, CHECK (id < 10));
            CREATE TABLE c (id serial PRIMARY KEY, b int NOT NULL REFERENCES b);
            INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (1), (2); INSERT INTO c (b) VALUES (1), (2);
            """
        )
        done = multiply(connection, 5)
        assert [*done.refused] == ["b"]
        assert done.rows == {"a": 10, "b": 2, "c": 10}
        revalidate(connection)


def test_the_trigger_of_a_table_decides_where_triggers_can_not_be_turned_off(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute("CREATE ROLE plain_user; GRANT ALL ON SCHEMA public TO plain_user")
        try:
            connection.execute("SET ROLE plain_user")
            connection.execute(
                """
                CREATE TABLE t (k int PRIMARY KEY); CREATE TABLE u (k int REFERENCES t, n int);
                INSERT INTO t VALUES (1), (2); INSERT INTO u VALUES (1, 1);
                CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''fired''; END';
                CREATE TRIGGER tell AFTER INSERT ON u EXECUTE FUNCTION f();
                """
            )
            done = multiply(connection, 2)
        finally:
            connection.execute("RESET ROLE")
            connection.execute("DROP OWNED BY plain_user CASCADE")
            connection.execute("DROP ROLE plain_user")
    assert done.rows == {"t": 4, "u": 1}
    assert done.refused == {"u": "its trigger tell would fire for every copy"}


def test_deferrable_keys_hold_too(fresh: Fresh) -> None:
    with fresh() as connection:
        connection.execute(
            """
            CREATE TABLE t (place int UNIQUE DEFERRABLE INITIALLY DEFERRED, code varchar(1) UNIQUE DEFERRABLE);
            INSERT INTO t VALUES (1, NULL), (2, NULL);
            CREATE TABLE u (place int UNIQUE DEFERRABLE); INSERT INTO u VALUES (1), (7);
            """
        )
        done = multiply(connection, 3)
        assert done.rows == {"t": 2, "u": 6}
        assert "new values might meet" in done.refused["t"]


NAMES = st.text(st.characters(exclude_characters="\0%", exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(NAMES, min_size=3, max_size=3, unique=True),
    ids=st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=8, unique=True),
    pick=st.lists(st.integers(0, 7), max_size=12),
    factor=st.integers(1, 4),
)
def test_whatever_the_names_and_the_keys_copies_refer_to_copies(
    empty: psycopg.Connection, names: list[str], ids: list[int], pick: list[int], factor: int
) -> None:
    parent, child, column = map(sql.Identifier, names)

    def run(query: LiteralString, **parts: object) -> psycopg.Cursor[tuple[Any, ...]]:
        return empty.execute(sql.SQL(query).format(parent=parent, child=child, column=column, **parts))

    with empty.transaction(force_rollback=True):
        run('CREATE TABLE {parent} ({column} int PRIMARY KEY, "%s" int REFERENCES {parent})')
        run("CREATE TABLE {child} ({column} bigint REFERENCES {parent})")
        run(
            "INSERT INTO {parent} SELECT unnest({ids}::int[]), {first}", ids=sql.Literal(ids), first=sql.Literal(ids[0])
        )
        run("INSERT INTO {child} SELECT unnest({ids}::int[])", ids=sql.Literal([ids[each % len(ids)] for each in pick]))
        done = multiply(empty, factor)
        copied = 1 if done.refused else factor
        assert all("no room" in reason for reason in done.refused.values())
        assert run('SELECT count(*), count(DISTINCT "%s") FROM {parent}').fetchall() == [(copied * len(ids), copied)]
        joined = run("SELECT count(*) FROM {child} c JOIN {parent} p ON p.{column} = c.{column}").fetchall()
        assert joined == [(factor * len(pick),)]


@pytest.fixture
def empty(fresh: Fresh) -> Iterator[psycopg.Connection]:
    with fresh() as connection:
        yield connection
