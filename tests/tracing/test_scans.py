"""Whether a statement went through a whole table is counted for every statement that changes or reads rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing

import asyncpg
import pg8000.native
import pytest

from migsafe.errors import CannotCheck
from migsafe.findings import Statement
from migsafe.postgres import databases
from migsafe.postgres.address import Address
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers import kinds as servers
from migsafe.tracing.attach import attach
from migsafe.tracing.counting import NO_START, OTHERS, TOGETHER, UNCOUNTED
from migsafe.tracing.instruments import ALONE, BEFORE_15, ENOUGH, instruments
from migsafe.tracing.scans import ASKED_OF_ONE_KIND
from migsafe.wire.tap import Tap

BEFORE = """
CREATE TABLE orders (id int PRIMARY KEY, total int);
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE visits (customer int REFERENCES customers DEFERRABLE INITIALLY IMMEDIATE);
INSERT INTO orders SELECT n, n FROM generate_series(1, 1000) AS n;
INSERT INTO customers SELECT n FROM generate_series(1, 500) AS n;
INSERT INTO visits SELECT n FROM generate_series(1, 300) AS n;
CREATE FUNCTION count_orders() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM orders); END';
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM count_orders(); RETURN NULL; END';
CREATE TABLE looked (a int);
CREATE TRIGGER look AFTER INSERT ON looked EXECUTE FUNCTION look();
ANALYZE;
"""
ROWS = {"public.orders": 1000, "public.customers": 500, "public.visits": 300, "public.looked": 0}

Watch = Callable[[Callable[[Address], None]], tuple[Statement, ...]]


@pytest.fixture
def watch(server: Server) -> Iterator[Watch]:
    """What is known of the statements that a client sends to the tap's address."""
    name = databases.name_for(server, "counted")
    databases.create(server, name)

    yield lambda client: _watched(server, name, client)
    databases.drop(server, name)


def _watched(server: Server, database: str, client: Callable[[Address], None]) -> tuple[Statement, ...]:
    with databases.connect(server, database) as connection:
        connection.execute(BEFORE.encode())
    with instruments(server, database, ROWS) as put_in:
        with Tap(server.address.on(database), parameters=ALONE, instruments=put_in) as tap:
            client(tap.address)
            seen = tap.take()
        return attach(seen, put_in.before)


@pytest.fixture
def ran(watch: Watch) -> Callable[[str], Statement]:
    """The last of these statements, each sent by itself in autocommit, that is no COMMIT."""

    def last(script: str) -> Statement:
        def send(address: Address) -> None:
            with databases.connect_to(address) as connection:
                for statement in script.split(";\n"):
                    connection.execute(statement.encode())

        return [each for each in watch(send) if each.sql != "COMMIT"][-1]

    return last


def read(statement: Statement) -> dict[str, tuple[int, bool]]:
    """Rows by table, and whether to its end. The statement must have been counted."""
    assert (statement.scans_measured, statement.scans_unmeasured) == (True, "")
    return {scan.relation.removeprefix("public."): (scan.rows, scan.whole) for scan in statement.scans}


WHOLE = {"orders": (1000, True)}


@pytest.mark.parametrize("in_transaction", [False, True])
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE orders SET total = 0", WHOLE),
        ("UPDATE orders SET total = 0 WHERE id = 7", {}),
        ("DELETE FROM orders WHERE total < 9", WHOLE),
        ("DELETE FROM orders WHERE id < 9", {}),
        ("INSERT INTO looked SELECT 1 FROM customers LIMIT 3", {"customers": (3, False), **WHOLE}),
        ("SELECT count(*) FROM orders", WHOLE),
        ("SELECT count_orders()", WHOLE),
        ("DO 'BEGIN PERFORM count_orders(); PERFORM count_orders(); END'", {"orders": (2000, True)}),
        ("COPY (SELECT * FROM orders) TO STDOUT", WHOLE),
        ("COPY orders TO STDOUT", WHOLE),
        ("EXPLAIN UPDATE orders SET total = 0", {}),
        ("EXPLAIN ANALYZE UPDATE orders SET total = 0", WHOLE),
        ("CREATE TABLE copied AS SELECT * FROM orders", WHOLE),
    ],
)
def test_each_kind_of_statement_is_counted(
    watch: Watch, sql: str, expected: dict[str, tuple[int, bool]], *, in_transaction: bool
) -> None:
    def send(address: Address) -> None:
        with databases.connect_to(address) as connection:
            connection.autocommit = not in_transaction
            with connection.cursor() as cursor:
                if sql.startswith("COPY"):
                    with cursor.copy(sql.encode()) as copied:
                        for _ in copied:
                            pass
                else:
                    cursor.execute(sql.encode())
            connection.commit()

    (statement,) = [each for each in watch(send) if each.sql == sql]
    assert read(statement) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DELETE FROM customers WHERE id > 498", {"visits": (600, True)}),  # for each of the two, as it has no index
        ("INSERT INTO looked VALUES (1)", WHOLE),
        ("CLUSTER orders USING orders_pkey", WHOLE),
        ("VACUUM FULL orders", {"orders": (2000, True)}),
        ("REINDEX TABLE orders", WHOLE),
        ("PREPARE p AS UPDATE orders SET total = $1;\nEXECUTE p (3)", WHOLE),
        ("SET enable_seqscan = off;\nSELECT sum(total) FROM orders WHERE id > 0", {}),
        ("BEGIN;\nDECLARE c CURSOR FOR SELECT * FROM orders;\nFETCH 5 FROM c", {"orders": (5, False)}),
        ("BEGIN;\nSAVEPOINT a;\nUPDATE orders SET total = 1;\nROLLBACK TO a;\nUPDATE orders SET total = 1", WHOLE),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE;\nSELECT 1;\nUPDATE orders SET total = 1", WHOLE),
        ("BEGIN READ ONLY;\nSELECT count(*) FROM orders", WHOLE),
        ("ALTER TABLE orders ADD a int;\nUPDATE orders SET a = 1", WHOLE),
        (
            "CREATE ROLE nobody_else;\nGRANT ALL ON orders TO nobody_else;\nSET ROLE nobody_else;\nDELETE FROM orders",
            WHOLE,
        ),
    ],
)
def test_so_is_what_triggers_keys_and_commands_read(
    ran: Callable[[str], Statement], sql: str, expected: dict[str, tuple[int, bool]]
) -> None:
    assert read(ran(sql)) == expected


def test_what_a_deferred_key_reads_is_the_commits(watch: Watch) -> None:
    def send(address: Address) -> None:
        with databases.connect_to(address) as connection, connection.transaction():
            connection.execute("SET CONSTRAINTS ALL DEFERRED")
            connection.execute("DELETE FROM customers WHERE id > 499")

    *_, delete, commit = watch(send)
    assert (read(delete), read(commit)) == ({}, {"visits": (300, True)})


def test_the_first_statement_of_a_transaction_may_still_choose_its_isolation(watch: Watch) -> None:
    def send(address: Address) -> None:
        with databases.connect_to(address) as connection, databases.connect_to(address) as other:
            connection.execute("BEGIN")
            connection.execute("SET LOCAL lock_timeout = '1s'")
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.execute("LOCK TABLE looked")
            other.execute("INSERT INTO customers VALUES (999)")
            assert connection.execute("SELECT count(*) FROM customers").fetchone() == (501,)
            other.execute("INSERT INTO customers VALUES (1000)")
            assert connection.execute("SELECT count(*) FROM customers").fetchone() == (501,)
            connection.execute("COMMIT")

    first, second = [each for each in watch(send) if each.sql.startswith("SELECT")]
    assert read(first) == {"customers": (501, True)}
    assert second.scans_unmeasured == OTHERS


def test_what_another_connection_reads_meanwhile_is_not_taken_for_its_own(watch: Watch) -> None:
    def send(address: Address) -> None:
        with databases.connect_to(address) as one, databases.connect_to(address) as other:
            one.execute("SELECT 1")
            other.execute("SELECT count(*) FROM orders")
            one.execute("DELETE FROM customers WHERE id > 400 AND false")
            one.execute("UPDATE orders SET total = 1 WHERE id = 1")
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM orders")
            one.execute("UPDATE orders SET total = 5")
            other.execute("COMMIT")
            other.execute("SELECT count(*) FROM customers")

    found = {each.sql: each for each in watch(send) if "FROM" in each.sql or "SET" in each.sql}
    assert read(found["DELETE FROM customers WHERE id > 400 AND false"]) == {}
    assert read(found["UPDATE orders SET total = 1 WHERE id = 1"]) == {}
    assert read(found["UPDATE orders SET total = 5"]) == WHOLE
    assert read(found["SELECT count(*) FROM customers"]) == {"customers": (500, True)}


def test_statements_that_are_sent_together_share_a_count(watch: Watch) -> None:
    def send(address: Address) -> None:
        with databases.connect_to(address) as connection:
            connection.execute("SET lock_timeout = 0; UPDATE orders SET total = 1")
            connection.execute("UPDATE orders SET total = 2; DELETE FROM customers WHERE id > 1000000 OR id IS NULL")
            connection.execute("UPDATE orders SET total = 3 WHERE id = 1; UPDATE orders SET total = 3 WHERE id = 2")

    _, one, *both, first, second = watch(send)
    assert read(one) == WHOLE
    assert [each.scans_unmeasured for each in both] == [TOGETHER, TOGETHER]
    assert (read(first), read(second)) == ({}, {})


def test_a_pipeline_is_counted_where_the_client_waits(watch: Watch) -> None:
    def send(address: Address) -> None:
        with databases.connect_to(address) as connection:
            with connection.pipeline():
                for number in range(30):
                    connection.execute("UPDATE orders SET total = %s WHERE id = %s", (number, number))
            with connection.pipeline():
                connection.execute("SET lock_timeout = 0")
                connection.execute("UPDATE orders SET total = 7")

    *by_key, _, whole = watch(send)
    assert [read(each) for each in by_key if each.sql.startswith("UPDATE")] == [{}] * 30
    assert read(whole) == WHOLE


def test_drivers_that_prepare_their_statements_are_counted(watch: Watch) -> None:
    update = "UPDATE orders SET total = $1 WHERE total > 0"

    async def by_asyncpg(address: Address) -> None:
        connection = await asyncpg.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database,
        )
        await connection.execute(update, 5)
        await connection.close()

    def send(address: Address) -> None:
        asyncio.run(by_asyncpg(address))
        with databases.connect_to(address) as connection:
            connection.execute("UPDATE orders SET total = %s WHERE total > 0", (6,), prepare=True)
            connection.execute("UPDATE orders SET total = %s WHERE total > 0", (7,), prepare=True)
        with closing(
            pg8000.native.Connection(
                address.user, host=address.host, port=address.port, database=address.database, password=address.password
            )
        ) as other:
            other.run("UPDATE orders SET total = :n WHERE total > 0", n=8)

    counted = [each for each in watch(send) if each.sql == update]
    assert [read(each) for each in counted] == [WHOLE] * 4


def test_a_session_that_may_not_tell_is_said_so_and_its_transaction_goes_on(watch: Watch) -> None:
    def send(address: Address) -> None:
        with databases.connect_to(address) as connection:
            connection.execute("REVOKE EXECUTE ON FUNCTION pg_stat_get_numscans(oid) FROM PUBLIC")
            connection.execute("GRANT ALL ON orders TO pg_monitor; SET ROLE pg_monitor")
            with connection.transaction():
                connection.execute("UPDATE orders SET total = 1")
                connection.execute("UPDATE orders SET total = total + 1")
            assert connection.execute("SELECT min(total), max(total) FROM orders").fetchone() == (2, 2)

    updates = [each for each in watch(send) if each.sql.startswith("UPDATE")]
    assert all("permission denied" in each.scans_unmeasured for each in updates)


def test_of_many_statements_of_one_kind_not_each_is_asked_about_and_none_is_guessed(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, asked = 300, []
    original = Tap.take
    monkeypatch.setattr(Tap, "take", lambda tap: asked.extend(found := original(tap)) or found)

    def send(address: Address) -> None:
        with databases.connect_to(address) as connection, connection.transaction():
            for number in range(count):
                connection.execute(f"UPDATE orders SET total = {number} WHERE id = {number + 1}".encode())
            for number in range(count):
                connection.execute(f"DELETE FROM orders WHERE total = {number}".encode())

    statements = watch(send)
    questions = [each for each in asked if each.answer and each.answer.text is not None]
    assert len(questions) < 2 * (ASKED_OF_ONE_KIND + 10)
    by_key = [each for each in statements if each.sql.startswith("UPDATE")]
    whole = [each for each in statements if each.sql.startswith("DELETE")]
    assert [each.scans for each in by_key] == [()] * count
    assert all(each.scans_measured for each in by_key)
    assert all(read(each)["orders"][0] > 600 for each in whole[1:ASKED_OF_ONE_KIND])
    assert {each.scans_unmeasured for each in whole[ASKED_OF_ONE_KIND + 1 :]} <= {TOGETHER, ENOUGH}


def test_vacuum_reads_what_nobody_counts(ran: Callable[[str], Statement]) -> None:
    statement = ran("VACUUM orders")
    assert (statement.scans_measured, statement.scans_unmeasured) == (False, UNCOUNTED)


@pytest.mark.parametrize("version", [13, 17, 18])
def test_every_version_tells_what_it_can(version: int) -> None:
    """Before 15 the counts outlive no transaction: those of its first statement have no beginning."""
    try:
        with servers.start(ServerSettings(version=version, image=f"migsafe/postgres:{version}")) as server:
            name = databases.name_for(server, "counted")
            databases.create(server, name)

            def send(address: Address) -> None:
                with databases.connect_to(address) as connection:
                    connection.execute("DELETE FROM orders WHERE total = 1")
                    with connection.transaction():
                        connection.execute("UPDATE orders SET total = total + 1")
                        connection.execute("DELETE FROM orders WHERE total = 3")
                        connection.execute("DELETE FROM orders WHERE id = 4")
                        connection.execute("ALTER TABLE orders ADD a int")
                        connection.execute("UPDATE orders SET a = 1")

            delete, _, update, *others = _watched(server, name, send)
    except CannotCheck as error:
        pytest.skip(f"no PostgreSQL {version} here: {error.message}")
    if version < 15:
        assert (delete.scans_unmeasured, update.scans_unmeasured) == (BEFORE_15, NO_START)
    else:
        assert (read(delete), read(update)) == (WHOLE, {"orders": (999, False)})
    by_scan, by_key, _, last, _ = others
    assert (read(by_scan), read(by_key), read(last)) == ({"orders": (999, False)}, {}, {"orders": (997, False)})


def test_what_truncate_builds_anew_is_nothing_that_was_read(watch: Watch) -> None:
    def client(address: Address) -> None:
        with databases.connect_to(address) as connection, connection.transaction():
            connection.execute("TRUNCATE looked, visits, customers")
            connection.execute("INSERT INTO customers VALUES (1)")

    assert [statement.scans for statement in watch(client)] == [()] * 4
