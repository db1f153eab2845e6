"""The whole check of one new migration against a plain upgrade by it, with the share of each phase; and tracing alone.

The history is of plain SQL files over a table with rows. Upgrade, traced upgrade and check are timed in turn, round by
round, on one server, so that a machine whose speed drifts slows all alike. Ratios are of medians.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from migsafe.baseline import Baseline, build_baseline
from migsafe.config import BaselineSettings, CheckSettings
from migsafe.gate import CHECKS, Gate
from migsafe.history.kinds import open_history
from migsafe.history.model import HistorySettings
from migsafe.plan import steps
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers.kinds import start
from migsafe.sandbox import Sandbox

TABLE = """
CREATE TABLE accounts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, balance bigint);
INSERT INTO accounts (name, balance) SELECT md5(n::text), n FROM generate_series(1, {rows}) AS n;
"""

MIGRATION = """
BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE accounts ADD COLUMN IF NOT EXISTS cents bigint;
UPDATE accounts SET cents = balance * 100 WHERE cents IS NULL;
COMMIT;
DROP INDEX CONCURRENTLY IF EXISTS accounts_cents;
CREATE INDEX CONCURRENTLY accounts_cents ON accounts (cents);
"""

APPLYING = "apply and trace"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", default="auto")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, start(ServerSettings(use=arguments.server)) as server:
        Path(directory, "1.up.sql").write_text(TABLE.format(rows=arguments.rows))
        Path(directory, "1.down.sql").write_text("DROP TABLE accounts;\n")
        Path(directory, "2.up.sql").write_text(MIGRATION)
        Path(directory, "2.down.sql").write_text("ALTER TABLE accounts DROP COLUMN cents;\n")
        history = open_history(HistorySettings(root=Path(directory), path=Path(), kind="plain"))
        sandbox = Sandbox(server, history)
        baseline = build_baseline(sandbox, BaselineSettings(revision="1"), lambda _: None)
        rounds = [one_round(sandbox, baseline) for _ in range(arguments.rounds)]
    plain, traced, whole = (statistics.median(each[name] for each in rounds) for name in ("plain", "traced", "whole"))
    print(f"plain upgrade, {arguments.rows:,} rows:  {plain:7.2f} s")
    print(f"traced upgrade:               {traced:7.2f} s  ratio {traced / plain:.2f}")
    print(f"all checks:                   {whole:7.2f} s  ratio {whole / plain:.1f}")
    for name in (APPLYING, *CHECKS):
        seconds = statistics.median(each[name] for each in rounds)
        print(f"  {name:<20}        {seconds:7.2f} s  {seconds / whole:5.0%}")


def one_round(sandbox: Sandbox, baseline: Baseline) -> dict[str, float]:
    target = baseline.new[-1]
    rows = {name: each.rows for name, each in sandbox.state(baseline.database).contents.tables.items()}
    return {
        "plain": timed(sandbox, baseline, lambda database: sandbox.upgrade(database, target).succeeded),
        "traced": timed(sandbox, baseline, lambda database: sandbox.trace(database, target, rows).succeeded),
        **checked(sandbox, baseline),
    }


def timed(sandbox: Sandbox, baseline: Baseline, run: Callable[[str], bool]) -> float:
    """Seconds that a run takes on a clone; making the clone isn't counted."""
    with sandbox.scratch("run", template=baseline.database) as database:
        started = time.perf_counter()
        assert run(database)
        return time.perf_counter() - started


def checked(sandbox: Sandbox, baseline: Baseline) -> dict[str, float]:
    """Seconds of all checks, and by phase: from the word of each phase's beginning to the next one's."""
    moments: list[tuple[str, float]] = []

    def progress(said: str) -> None:
        phase = said.rpartition(": ")[2]
        if phase in (*CHECKS, "applying"):
            moments.append((APPLYING if phase == "applying" else phase, time.perf_counter()))

    started = time.perf_counter()
    state = sandbox.state(baseline.database)
    copy = sandbox.create("copy", template=baseline.database)  # the gate drops the one that it is given
    gate = Gate(sandbox, CHECKS, CheckSettings(), progress)
    list(gate.run(steps(sandbox.history, baseline), copy, state))
    ended = time.perf_counter()
    spent: dict[str, float] = defaultdict(float)
    for (phase, began), (_, next_began) in zip(moments, [*moments[1:], ("", ended)], strict=True):
        spent[phase] += next_began - began
    return {**dict.fromkeys(CHECKS, 0.0), **spent, "whole": ended - started}


if __name__ == "__main__":
    main()
