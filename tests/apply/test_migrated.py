"""The data check on a target that was migrated says what the gate says of a clone."""

from __future__ import annotations

from pathlib import Path

from migsafe.apply.migrated import MigratedTarget, RestoredElsewhere, read_past
from migsafe.checks.data.check import check_data, judge_data
from migsafe.config import CheckSettings
from migsafe.findings import CheckResult, Location, Outcome
from migsafe.postgres.address import Address
from migsafe.postgres.databases import connect_to
from migsafe.postgres.server import ServerSettings
from migsafe.snapshots.take import take
from migsafe.state import read_state
from tests.checks.test_data import CASES, KEYED
from tests.fix_data import OneScript, Try


def in_schemas(scripts: list[str], *, made: bool = False) -> str:
    """Each script in a schema of its own."""
    make = "CREATE SCHEMA s{0};" if made else ""
    return "".join(
        f"{make}SET search_path = s{{0}}; {{1}}; RESET ALL;".format(number, script)
        for number, script in enumerate(scripts)
    )


BEFORE = in_schemas([KEYED.format(type=kind, value=value) for kind, value, *_ in CASES], made=True)
PARTED = """
CREATE TABLE parted (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE low PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE high PARTITION OF parted FOR VALUES FROM (10) TO (20);
INSERT INTO parted SELECT i, 'value ' || i FROM generate_series(0, 19) i;
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE notes (customer integer REFERENCES customers ON DELETE CASCADE, note text);
INSERT INTO customers VALUES (1), (2); INSERT INTO notes VALUES (1, 'one'), (2, 'two');
"""
CHANGES = in_schemas([migration for _, _, migration, _ in CASES]) + (
    "UPDATE parted SET v = left(v, 3); ALTER TABLE parted DETACH PARTITION high; DELETE FROM customers WHERE id = 1;"
)


def on_target(address: Address, store: Path, server: ServerSettings, before: str, migration: str) -> CheckResult:
    """What is said of a target that a script migrates."""
    history = OneScript(migration)
    with connect_to(address) as connection:
        connection.execute(before.encode())
        snapshot = take(address, store, jobs=2)
        past = read_past(connection, snapshot, history)
        assert history.upgrade(address, None).succeeded
        after = read_state(connection).contents
        with RestoredElsewhere(snapshot, server, 2, lambda _: None) as restored:
            target = MigratedTarget(
                connection, past, after, restored, history, lambda other: history.upgrade(other, None).succeeded
            )
            return judge_data(target, CheckSettings(), Location(file=Path("1.sql")))


def test_a_target_gets_the_answers_that_a_clone_gets(trial: Try, database: Address, tmp_path: Path) -> None:
    clone = check_data(trial(BEFORE + PARTED, CHANGES))
    target = on_target(database, tmp_path, ServerSettings(), BEFORE + PARTED, CHANGES)
    assert len(target.findings) > len(CASES) / 2
    assert target.findings == clone.findings
    assert (target.outcome, target.answer, target.reason) == (clone.outcome, clone.answer, clone.reason)


def test_what_is_proved_kept_needs_no_server_and_what_is_not_says_that_there_is_none(
    database: Address, tmp_path: Path
) -> None:
    nowhere = ServerSettings(use="postgresql://nobody@127.0.0.1:1/none")
    before = "CREATE TABLE t (id integer PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a');"
    kept = on_target(database, tmp_path, nowhere, before, "ALTER TABLE t ADD w integer")
    assert (kept.outcome, kept.answer) == (Outcome.PASSED, "kept")
    unknown = on_target(database, tmp_path, nowhere, "SELECT 1", "UPDATE t SET v = 'b'; DROP TABLE IF EXISTS u")
    assert unknown.outcome is Outcome.NOT_CHECKED
    assert "its old rows can't be had" in unknown.reason
    gone = on_target(database, tmp_path, nowhere, "SELECT 1", "DROP TABLE t")
    assert (gone.outcome, gone.answer) == (Outcome.FAILED, "lost")
