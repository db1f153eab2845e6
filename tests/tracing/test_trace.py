"""What a traced run tells of each kind of statement is what the server did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from migsafe.findings import Lock, Statement
from migsafe.history.model import History
from migsafe.postgres import databases
from migsafe.postgres.server import Server
from migsafe.sandbox import Sandbox, TracedRun
from tests.fix_alembic import AlembicProject
from tests.fix_sql_files import Folder

BEFORE = """
CREATE TABLE orders (id int PRIMARY KEY, total int, note varchar(10));
CREATE TABLE customers (id int PRIMARY KEY);
CREATE INDEX orders_note ON orders (note);
INSERT INTO orders SELECT n, n, n FROM generate_series(1, 1000) AS n;
INSERT INTO customers SELECT n FROM generate_series(1, 1000) AS n;
"""

Run = Callable[[str], TracedRun]


def traced(server: Server, history: History, *, first_is_before: bool = False) -> TracedRun:
    """All of the history on a database with two tables, which its first migration made or nobody of the history."""
    sandbox = Sandbox(server, history)
    with sandbox.scratch("traced") as database:
        if first_is_before:
            assert sandbox.upgrade(database, history.migrations[0]).succeeded
        else:
            with sandbox.connect(database) as connection:
                connection.execute(BEFORE.encode())
        state = sandbox.state(database)
        run = sandbox.trace(database, None, {name: each.rows for name, each in state.contents.tables.items()})
        with sandbox.connect(database) as connection:
            schemas = "SELECT nspname FROM pg_namespace WHERE nspname = 'migsafe_sandbox'"
            assert connection.execute(f"{schemas} UNION SELECT evtname FROM pg_event_trigger").fetchall() == []
    assert run.succeeded, run.run.failure
    return run


@pytest.fixture
def run(server: Server, sql_files: Folder) -> Run:
    """Run one plain SQL file, as psql would."""
    return lambda sql: traced(server, sql_files({"1.sql": sql}, kind="plain"))


def at(traced: TracedRun, beginning: str) -> Statement:
    (found,) = [each for each in traced.statements if each.sql.strip().startswith(beginning)]
    return found


def lock_on(statement: Statement, relation: str) -> Lock:
    """The strongest."""
    return next(lock for lock in statement.locks if lock.relation == relation)


def test_ddl_in_a_transaction_holds_its_lock_until_the_commit(run: Run) -> None:
    seen = run("BEGIN;\nALTER TABLE orders ADD COLUMN due date;\nSELECT pg_sleep(0.1);\nCOMMIT;\n")
    lock = lock_on(at(seen, "ALTER"), "public.orders")
    assert (lock.mode, lock.blocks) == ("ACCESS EXCLUSIVE", ("reads", "writes", "DDL"))
    assert lock.milliseconds is not None
    assert lock.milliseconds > 100
    assert at(seen, "ALTER").location.line == 2


def test_a_rewrite_is_told_with_the_reason_that_the_server_gives(run: Run) -> None:
    seen = run("ALTER TABLE orders ALTER total TYPE bigint;")
    rewrites = {each.relation: (each.kind, each.reason) for each in seen.statements[0].rewrites}
    assert rewrites["public.orders"] == ("table", "column type")
    assert rewrites["public.orders_pkey"] == ("index", "column type")
    (scan,) = seen.statements[0].scans
    assert (scan.relation, scan.whole) == ("public.orders", True)


def test_a_change_that_needs_no_rewrite_tells_none(run: Run) -> None:
    (statement,) = run("ALTER TABLE orders ALTER note TYPE varchar(20);").statements
    assert (statement.rewrites, statement.scans) == ((), ())


def test_an_index_that_is_built_anew_without_its_table_is_told(run: Run) -> None:
    (statement,) = run('ALTER TABLE orders ALTER note TYPE varchar(10) COLLATE "C";').statements
    assert [(each.relation, each.kind) for each in statement.rewrites] == [("public.orders_note", "index")]


def test_a_check_that_is_validated_scans_the_whole_table(run: Run) -> None:
    (statement,) = run("ALTER TABLE orders ADD CHECK (total > 0);").statements
    assert [(each.relation, each.rows, each.whole) for each in statement.scans] == [("public.orders", 1000, True)]


def test_an_index_build_blocks_writes_and_a_concurrent_one_does_not(run: Run) -> None:
    seen = run("CREATE INDEX a ON orders (total);\nCREATE INDEX CONCURRENTLY b ON orders (total);")
    plain, concurrent = seen.statements
    assert lock_on(plain, "public.orders").blocks == ("writes", "DDL")
    assert lock_on(concurrent, "public.orders").mode == "SHARE UPDATE EXCLUSIVE"
    assert [each.rows for each in concurrent.scans] == [2000]


def test_what_is_written_and_locked_in_an_open_transaction_is_seen(run: Run) -> None:
    seen = run("BEGIN;\nUPDATE orders SET total = 0;\nLOCK TABLE customers IN SHARE MODE;\nTRUNCATE orders;\nCOMMIT;\n")
    update = at(seen, "UPDATE")
    assert lock_on(update, "public.orders").mode == "ROW EXCLUSIVE"
    assert update.wal_bytes is not None
    assert update.wal_bytes > 50_000
    assert lock_on(at(seen, "LOCK"), "public.customers").mode == "SHARE"
    assert lock_on(at(seen, "TRUNCATE"), "public.orders").mode == "ACCESS EXCLUSIVE"


@pytest.mark.parametrize(
    ("sql", "relation", "mode", "rewritten"),
    [
        ("TRUNCATE customers", "public.customers", "ACCESS EXCLUSIVE", ()),
        ("DELETE FROM orders", "public.orders", "ROW EXCLUSIVE", ()),
        ("VACUUM FULL orders", "public.orders", "ACCESS EXCLUSIVE", ("public.orders",)),
        ("CLUSTER orders USING orders_pkey", "public.orders", "ACCESS EXCLUSIVE", ("public.orders",)),
        ("REINDEX TABLE customers", "public.customers", "SHARE", ("public.customers_pkey",)),
        ("REINDEX INDEX CONCURRENTLY orders_note", "public.orders", "SHARE UPDATE EXCLUSIVE", ("public.orders_note",)),
        ("DROP INDEX CONCURRENTLY orders_note", "public.orders", "SHARE UPDATE EXCLUSIVE", ()),
    ],
)
def test_a_statement_that_is_over_says_itself_what_it_locked(
    run: Run, sql: str, relation: str, mode: str, rewritten: tuple[str, ...]
) -> None:
    (statement,) = run(sql).statements
    assert lock_on(statement, relation).mode == mode
    assert {*rewritten} <= {each.relation for each in statement.rewrites}


def test_what_a_change_of_rows_read_is_counted_wherever_it_stands(run: Run) -> None:
    seen = run(
        "UPDATE orders SET total = 1;\n"
        "BEGIN;\nALTER TABLE orders ADD a int;\nDELETE FROM orders WHERE total > 9;\n"
        "ALTER TABLE orders ADD b int;\nCOMMIT;\n"
        "INSERT INTO customers VALUES (7001);\nINSERT INTO customers SELECT 7002 FROM orders LIMIT 1;\n"
    )
    found = {each.sql.split(" WHERE")[0]: each for each in seen.statements}
    assert all(each.scans_measured for each in seen.statements)
    assert [(each.rows, each.whole) for each in found["UPDATE orders SET total = 1"].scans] == [(1000, True)]
    assert [(each.rows, each.whole) for each in found["DELETE FROM orders"].scans] == [(1000, True)]
    assert found["INSERT INTO customers VALUES (7001)"].scans == ()
    assert [(each.rows, each.whole) for each in at(seen, "INSERT INTO customers SELECT").scans] == [(1, False)]


def test_ddl_inside_of_functions_and_do_blocks_is_seen(run: Run) -> None:
    seen = run(
        "DO $$BEGIN ALTER TABLE orders ADD CHECK (total > 0); END$$;\n"
        "CREATE FUNCTION change() RETURNS void LANGUAGE plpgsql AS"
        " $$BEGIN ALTER TABLE customers ADD name text NOT NULL DEFAULT gen_random_uuid(); END$$;\n"
        "SELECT change();\n"
    )
    block, call = at(seen, "DO"), at(seen, "SELECT")
    assert lock_on(block, "public.orders").mode == "ACCESS EXCLUSIVE"
    assert [(each.rows, each.whole) for each in block.scans] == [(1000, True)]
    assert lock_on(call, "public.customers").mode == "ACCESS EXCLUSIVE"
    assert ("public.customers", "default value") in [(each.relation, each.reason) for each in call.rewrites]


def test_copy_takes_a_lock_that_lets_others_write(run: Run) -> None:
    (statement,) = run("COPY customers FROM stdin;\n5001\n5002\n\\.\n").statements
    assert statement.rows == 2
    assert lock_on(statement, "public.customers").mode == "ROW EXCLUSIVE"


def test_what_is_new_is_not_reported(run: Run) -> None:
    seen = run("BEGIN;\nCREATE TABLE fresh (id int);\nCREATE INDEX ON fresh (id);\nCOMMIT;\nTRUNCATE fresh;\n")
    assert [lock.relation for each in seen.statements for lock in each.locks] == []
    assert [scan.relation for each in seen.statements for scan in each.scans] == []


def test_the_lock_timeout_in_force_is_the_sessions_wherever_it_was_set(run: Run) -> None:
    seen = run(
        "ALTER TABLE orders ADD a int;\n"
        "SET lock_timeout = '3s';\nALTER TABLE orders ADD b int;\n"
        "BEGIN;\nSELECT set_config('lock_timeout', '700ms', true);\nALTER TABLE orders ADD c int;\nCOMMIT;\n"
        "ALTER TABLE orders ADD d int;\nRESET lock_timeout;\nTRUNCATE orders;\n"
    )
    timeouts = {each.sql.split()[-2]: each.lock_timeout for each in seen.statements if each.sql.startswith("ALTER")}
    assert timeouts == {"a": 0, "b": 3000, "c": 700, "d": 3000}
    assert at(seen, "TRUNCATE").lock_timeout == 0


def test_a_lock_ends_with_the_savepoint_that_is_rolled_back(run: Run) -> None:
    seen = run(
        "BEGIN;\nSAVEPOINT here;\nALTER TABLE orders ADD a int;\nROLLBACK TO here;\nSELECT pg_sleep(0.3);\nCOMMIT;\n"
    )
    milliseconds = lock_on(at(seen, "ALTER"), "public.orders").milliseconds
    assert milliseconds is not None
    assert milliseconds < 300


def test_a_client_that_silences_notices_is_traced_all_the_same(run: Run) -> None:
    seen = run("SET client_min_messages = error;\nSET session_replication_role = replica;\nDROP TABLE orders;\n")
    assert lock_on(at(seen, "DROP"), "public.orders").mode == "ACCESS EXCLUSIVE"


def test_the_client_gets_none_of_the_instruments_notices(run: Run) -> None:
    seen = run("DO $$BEGIN RAISE NOTICE 'mine'; END$$;\nALTER TABLE orders ADD a int;\n")
    assert "mine" in seen.run.output
    assert "migsafe" not in seen.run.output


def test_a_migration_that_takes_the_instruments_out_is_said_not_to_be_traced(run: Run) -> None:
    seen = run("DROP EVENT TRIGGER migsafe_end;\nALTER TABLE orders ADD a int;\n")
    assert "event triggers" in seen.not_traced


def test_a_server_that_counts_no_scans_is_said_not_to_be_traced(server: Server, sql_files: Folder) -> None:
    history = sql_files({"1.sql": "ALTER TABLE orders ADD CHECK (total > 0);\n"}, kind="plain")
    sandbox = Sandbox(server, history)
    with sandbox.scratch("uncounted") as database:
        databases.set_parameter(server, database, "track_counts", "off")
        with sandbox.connect(database) as connection:
            connection.execute(BEFORE.encode())
        seen = sandbox.trace(database, None)
    assert "track_counts" in seen.not_traced
    assert lock_on(seen.statements[0], "public.orders").mode == "ACCESS EXCLUSIVE"


def test_golang_migrate_tells_statements_apart_that_are_sent_as_one(server: Server, sql_files: Folder) -> None:
    files = {
        "1_a.up.sql": "ALTER TABLE orders ADD a int;\nUPDATE orders SET a = 1;\n\nALTER TABLE customers ADD b int;\n",
        "1_a.down.sql": "",
    }
    seen = traced(server, sql_files(files, kind="golang-migrate"))
    first, update, second = (at(seen, beginning) for beginning in ("ALTER TABLE orders", "UPDATE", "ALTER TABLE cust"))
    assert [each.location.line for each in (first, update, second)] == [1, 2, 4]
    assert lock_on(first, "public.orders").mode == lock_on(second, "public.customers").mode == "ACCESS EXCLUSIVE"
    assert lock_on(update, "public.orders").mode == "ROW EXCLUSIVE"
    assert [(each.relation, each.rows) for each in update.scans] == [("public.orders", 1000)]
    assert update.wal_bytes is not None
    assert update.wal_bytes > 50_000


def test_flyway_is_traced_over_both_its_connections(server: Server, sql_files: Folder) -> None:
    files = {"V1__before.sql": BEFORE, "V2__a.sql": "ALTER TABLE orders\n  ADD a int;\nUPDATE orders SET a = 1;\n"}
    seen = traced(server, sql_files(files, kind="flyway"), first_is_before=True)
    alter, update = at(seen, "ALTER TABLE orders"), at(seen, "UPDATE orders")
    assert (alter.location.line, update.location.line) == (1, 3)
    assert lock_on(alter, "public.orders").mode == "ACCESS EXCLUSIVE"
    assert alter.transaction == update.transaction


def test_alembic_says_the_line_of_the_revision_that_issued_a_statement(server: Server, project: AlembicProject) -> None:
    file = project.revision(
        "one",
        None,
        "op.add_column('orders', sa.Column('a', sa.Integer))\n"
        "helper()\n"
        "with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE INDEX CONCURRENTLY b ON orders (a)')\n",
        "pass",
        more="def helper():\n    op.execute('UPDATE orders SET a = 1')",
    )
    seen = traced(server, project.history())
    lines = file.read_text().splitlines()
    for beginning, source in {
        "ALTER TABLE orders": "op.add_column",
        "UPDATE orders": "    op.execute('UPDATE",
        "CREATE INDEX": "        op.execute('CREATE",
    }.items():
        statement = at(seen, beginning)
        assert statement.location.file == Path(file)
        assert statement.location.line is not None
        assert source.strip() in lines[statement.location.line - 1]
        assert statement.locks
    assert all(each.location.file is None for each in seen.statements if "alembic_version" in each.sql)


def test_what_alembic_reads_is_counted_in_every_transaction_and_outside(
    server: Server, project: AlembicProject
) -> None:
    """Its env.py gives each revision a transaction; a block leaves that, and driver and pool have their own ways."""
    project.revision(
        "one",
        None,
        "for (key,) in op.get_bind().execute(sa.text('SELECT generate_series(1, 4)')).fetchall():\n"
        "    op.get_bind().execute(sa.text('UPDATE orders SET total = 0 WHERE id = :key'), {'key': key})\n"
        "with op.get_context().autocommit_block():\n"
        "    op.execute('UPDATE orders SET total = 1')\n"
        "    op.execute('DELETE FROM orders WHERE id = 1')\n"
        "op.execute('UPDATE orders SET total = 2')\n",
        "pass",
    )
    project.revision("two", "one", "op.execute('DELETE FROM orders WHERE total = 3')", "pass")
    seen = traced(server, project.history())
    orders = [each for each in seen.statements if "orders" in each.sql]
    assert all(each.scans_measured for each in orders)
    whole = [each.sql for each in orders if "public.orders" in {scan.relation for scan in each.scans}]
    assert whole == ["UPDATE orders SET total = 1", "UPDATE orders SET total = 2", "DELETE FROM orders WHERE total = 3"]
    assert [len(orders), len({each.transaction for each in orders})] == [8, 4]


def test_an_index_that_kept_its_file_is_not_written_anew_by_what_comes_later_in_the_transaction(run: Run) -> None:
    seen = run("BEGIN;\nALTER TABLE orders ALTER note TYPE text;\nALTER TABLE customers ADD x int;\nCOMMIT;\n")
    assert [each for statement in seen.statements for each in statement.rewrites] == []


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("golang-migrate", ("1_orders.up.sql", "2_note.up.sql")),
        ("flyway", ("V1__orders.sql", "V2__note.sql")),
    ],
)
def test_what_the_tool_does_to_its_own_table_is_no_lock_or_read_of_the_migration(
    server: Server, sql_files: Folder, kind: str, files: tuple[str, str]
) -> None:
    scripts = ("CREATE TABLE orders (id int);", "ALTER TABLE orders ADD COLUMN note text;")
    history = sql_files(dict(zip(files, scripts, strict=True)), kind=kind)
    seen = traced(server, history, first_is_before=True)
    assert any(history.version_tables[0].name in each.sql for each in seen.statements)
    assert {lock.relation for each in seen.statements for lock in each.locks} == {"public.orders"}
    assert [scan for each in seen.statements for scan in each.scans] == []
