"""What the lock check says of each kind of statement, measured at two sizes on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import count

import pytest

from migsafe.checks.experiment import Experiment, Step
from migsafe.checks.locks.check import check_locks, unmeasured
from migsafe.config import CheckSettings
from migsafe.findings import CheckResult, Growth, Outcome
from migsafe.postgres.server import Server
from migsafe.sandbox import Sandbox
from tests.fix_sql_files import Folder

BEFORE = """
CREATE TABLE customers (id int PRIMARY KEY, mail text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer int, total int, note varchar(10));
CREATE TABLE empty (id int, note text);
CREATE TABLE events (at date NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 (at date NOT NULL, n int);
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS customer, 2 AS total;
CREATE TABLE tiny (id int PRIMARY KEY);
INSERT INTO tiny VALUES (1), (2);
INSERT INTO customers SELECT n, n || '@example.com' FROM generate_series(1, 40) AS n;
INSERT INTO orders SELECT n, 1 + n % 40, n, n FROM generate_series(1, 200) AS n;
INSERT INTO events SELECT date '2024-01-01' + n % 300 FROM generate_series(1, 200) AS n;
INSERT INTO events_2025 SELECT date '2025-01-01' + n % 300 FROM generate_series(1, 200) AS n;
"""

BOUNDED = "SET lock_timeout = '1s';\n"

SETTINGS = CheckSettings(lock_rows=2_000, lock_budget=5_000)


Try = Callable[..., Experiment]


@pytest.fixture
def experiment(server: Server, sql_files: Folder) -> Iterator[Try]:
    """``experiment(sql)``: a file, or files, applied to a database that nobody of the history made."""
    with ExitStack() as stack:
        numbers = count()

        def apply(sql: str | dict[str, str], settings: CheckSettings = SETTINGS, kind: str = "plain") -> Experiment:
            files = {"1.sql": BOUNDED + sql} if isinstance(sql, str) else sql
            history = sql_files(files, kind=kind)
            return _experiment(stack, Sandbox(server, history), settings, f"before_{next(numbers)}")

        yield apply


def _experiment(stack: ExitStack, sandbox: Sandbox, settings: CheckSettings, name: str) -> Experiment:
    before = stack.enter_context(sandbox.scratch(name))
    with sandbox.connect(before) as connection:
        connection.execute(BEFORE.encode())
    state = sandbox.state(before)
    after = stack.enter_context(sandbox.scratch(f"after_{name}", template=before))
    applied = sandbox.trace(after, None, {name: each.rows for name, each in state.contents.tables.items()})
    step = Step("pending", "", tuple(each.up for each in sandbox.history.migrations), None)
    return Experiment(sandbox, step, before, state, after, applied, settings)


def told(result: CheckResult) -> list[tuple[str, str, str | None]]:
    return [(each.rule, each.severity.value, each.location.object) for each in result.findings]


@pytest.mark.parametrize(
    ("sql", "rule", "table"),
    [
        ("CREATE INDEX a ON orders (total);", "index-build", "orders"),
        ("CREATE UNIQUE INDEX a ON customers (mail);", "index-build", "customers"),
        ("ALTER TABLE customers ADD UNIQUE (mail);", "index-build", "customers"),
        ("REINDEX TABLE orders;", "index-build", "orders"),
        ("ALTER TABLE orders ALTER total TYPE bigint;", "rewrite", "orders"),
        ("ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT clock_timestamp();", "rewrite", "orders"),
        ("VACUUM FULL orders;", "rewrite", "orders"),
        ("CLUSTER orders USING orders_pkey;", "rewrite", "orders"),
        ("ALTER TABLE events ALTER n TYPE bigint;", "rewrite", "events_2024"),
        ("ALTER TABLE orders ALTER total SET NOT NULL;", "scan", "orders"),
        ("ALTER TABLE orders ADD CHECK (total > 0);", "scan", "orders"),
        ("ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers;", "scan", "customers"),
        ("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');",
         "scan", "events_2025"),
        (("BEGIN; ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0) NOT VALID;\n"
         "ALTER TABLE orders VALIDATE CONSTRAINT c; COMMIT;"), "scan", "orders"),
        ("BEGIN; ALTER TABLE orders ADD COLUMN cents int; UPDATE orders SET cents = total; COMMIT;",
         "backfill", "orders"),
        ("BEGIN; LOCK TABLE customers IN SHARE MODE; DELETE FROM orders; COMMIT;", "backfill", "customers"),
        ("BEGIN; ALTER TABLE customers ADD COLUMN n int; CREATE TABLE copy AS SELECT * FROM orders; COMMIT;",
         "held", "customers"),
        ("DO $$ BEGIN ALTER TABLE orders ADD COLUMN cents int; UPDATE orders SET cents = total; END $$;",
         "held", "orders"),
        (("BEGIN; ALTER TABLE customers ADD COLUMN n int;\n"
         "DO $$ BEGIN FOR n IN 1..20 LOOP UPDATE orders SET total = 0; END LOOP; END $$; COMMIT;"),
         "held", "customers"),
        ("BEGIN; ALTER TABLE customers ADD COLUMN n int; UPDATE orders SET total = 0 WHERE note = '7'; COMMIT;",
         "backfill", "customers"),
        ("BEGIN; ALTER TABLE customers ADD COLUMN n int; SELECT count(*) FROM orders WHERE note = '7'; COMMIT;",
         "held", "customers"),
    ],
)  # fmt: skip
def test_work_that_grows_under_a_lock_fails(experiment: Try, sql: str, rule: str, table: str) -> None:
    result = check_locks(experiment(sql))
    assert told(result) == [(f"locks-{rule}", "error", f"public.{table}")]
    assert (result.outcome, result.answer) == (Outcome.FAILED, "grows")
    (finding,) = result.findings
    assert finding.location.line is not None
    assert finding.remedy


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        ("CREATE INDEX CONCURRENTLY a ON orders (total);", "free"),
        ("REINDEX TABLE CONCURRENTLY orders;", "free"),
        ("UPDATE orders SET total = 0;", "free"),
        ("CREATE INDEX a ON empty (note);", "free"),
        ("CREATE TABLE fresh AS SELECT * FROM orders; CREATE INDEX b ON fresh (total);", "free"),
        ("ALTER TABLE orders ALTER note TYPE varchar(20);", "brief"),
        ("ALTER TABLE orders ADD COLUMN at timestamptz DEFAULT now();", "brief"),
        ("ALTER TABLE orders DROP COLUMN note;", "brief"),
        ("ALTER TABLE orders RENAME total TO sum;", "brief"),
        ("ALTER TABLE orders ADD CHECK (total > 0) NOT VALID;", "brief"),
        ("ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT c;",
         "brief"),
        ("TRUNCATE orders;", "brief"),
        ("DROP TABLE orders;", "brief"),
        (("BEGIN; ALTER TABLE orders ADD COLUMN n int; UPDATE orders SET total = 0 WHERE id = 7;\n"
         "SELECT mail FROM customers WHERE id = 7; DELETE FROM tiny WHERE id = 2; COMMIT;"), "brief"),
        (("BEGIN; SAVEPOINT s; ALTER TABLE customers ADD COLUMN n int; ROLLBACK TO s;\n"
         "UPDATE orders SET total = 0; COMMIT;"), "brief"),
        (("ALTER TABLE orders ADD COLUMN cents int;\n"
         "DO $$ BEGIN FOR n IN 0..19 LOOP UPDATE orders SET cents = n WHERE id / 10 = n; COMMIT; END LOOP; END $$;"),
         "brief"),
    ],
)  # fmt: skip
def test_work_that_does_not_grow_or_keeps_nobody_passes(experiment: Try, sql: str, answer: str) -> None:
    result = check_locks(experiment(sql))
    assert told(result) == []
    assert (result.outcome, result.answer) == (Outcome.PASSED, answer)


def test_an_empty_table_is_listed_as_not_measured(experiment: Try) -> None:
    tried = experiment("CREATE INDEX a ON empty (note);")
    assert told(check_locks(tried)) == []
    assert unmeasured(tried) == ("public.empty: there is no row",)


def test_constant_work_over_the_budget_is_a_warning(experiment: Try) -> None:
    sql = "BEGIN; ALTER TABLE orders ADD COLUMN n int; SELECT pg_sleep(0.3); COMMIT;"
    tried = experiment(sql, replace(SETTINGS, lock_budget=200))
    assert told(check_locks(tried)) == [("locks-held", "warning", "public.orders")]


def test_each_statement_is_labelled(experiment: Try) -> None:
    sql = "ALTER TABLE orders ADD COLUMN n int; UPDATE orders SET total = 0;"
    tried = experiment(sql)
    check_locks(tried)
    assert [each.growth for each in tried.statements] == [Growth.CONSTANT, Growth.CONSTANT, Growth.GROWING]


def test_what_fails_on_more_rows_is_not_checked_and_says_why(experiment: Try) -> None:
    sql = (
        "DO $$ BEGIN IF (SELECT count(*) FROM orders) > 1000 THEN RAISE 'too many'; END IF; END $$;\n"
        "ALTER TABLE orders ALTER total TYPE bigint;"
    )
    result = check_locks(experiment(sql))
    assert (result.outcome, result.answer) == (Outcome.NOT_CHECKED, "unknown")
    assert result.reason == "on 10 times the rows the migration fails: too many"
    assert told(result) == [("locks-rewrite", "warning", "public.orders")]


def test_with_one_size_the_budget_decides(experiment: Try) -> None:
    sql = "ALTER TABLE orders ALTER total TYPE bigint;"
    small = check_locks(experiment(sql, replace(SETTINGS, lock_rows=0)))
    assert (small.outcome, told(small)) == (Outcome.PASSED, [("locks-rewrite", "warning", "public.orders")])
    slow = check_locks(experiment(sql, replace(SETTINGS, lock_rows=0, lock_budget=0)))
    assert (slow.outcome, told(slow)) == (Outcome.FAILED, [("locks-rewrite", "error", "public.orders")])


def test_a_timeout_counts_wherever_it_is_set(experiment: Try) -> None:
    add = "ALTER TABLE orders ADD COLUMN {} int;\n"
    sql = (
        f"BEGIN; SET LOCAL lock_timeout = '1s'; {add.format('a')} COMMIT; {add.format('b')}"
        f"DO $$ BEGIN PERFORM set_config('lock_timeout', '1s', false); END $$; {add.format('c')}"
    )
    (finding,) = check_locks(experiment({"1.sql": sql})).findings
    assert finding.rule == "locks-no-timeout"
    assert finding.evidence[0].text == "ALTER TABLE orders ADD COLUMN b int: ACCESS EXCLUSIVE on public.orders"


def test_a_long_statement_is_cut_off_visibly_and_all_its_tables_are_named(experiment: Try) -> None:
    columns = ", ".join(f"column_{number} int" for number in range(20))
    sql = f"CREATE TABLE items ({columns}, c int REFERENCES customers, o int REFERENCES orders);"
    (finding,) = check_locks(experiment({"1.sql": sql})).findings
    assert finding.rule == "locks-no-timeout"
    text, _, locks = finding.evidence[0].text.partition(" …: ")
    assert text.startswith("CREATE TABLE items (column_0 int,")
    assert locks.startswith("SHARE ROW EXCLUSIVE on ")
    assert {*locks.removeprefix("SHARE ROW EXCLUSIVE on ").split(", ")} == {"public.customers", "public.orders"}


def test_one_statement_that_locks_two_tables_is_no_row_of_locks(experiment: Try) -> None:
    one = "ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers NOT VALID;"
    assert told(check_locks(experiment(one))) == []


def test_two_tables_in_one_transaction_are_told_with_their_locks(experiment: Try) -> None:
    two = "BEGIN; ALTER TABLE orders DROP note; ALTER TABLE customers ADD n int; COMMIT;"
    (finding,) = check_locks(experiment(two)).findings
    assert (finding.rule, finding.location.line) == ("locks-several-tables", 2)
    assert "public.orders keeps reads and writes waiting, held" in finding.evidence[1].text


def test_a_file_that_is_one_query_is_one_transaction(experiment: Try) -> None:
    sql = BOUNDED + "ALTER TABLE orders ADD COLUMN cents int;\nUPDATE orders SET cents = total;\n"
    files = {"1_a.up.sql": sql, "1_a.down.sql": "SELECT 1;"}
    result = check_locks(experiment(files, kind="golang-migrate"))
    assert told(result) == [("locks-backfill", "error", "public.orders")]
    assert result.findings[0].location.line == 3
