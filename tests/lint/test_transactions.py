"""Which statements of a script run together: what the runner does, and what the script says itself."""

from __future__ import annotations

import pytest

from migsafe.catalog import Catalog
from migsafe.history.text import Runs
from migsafe.lint.run import Linter
from migsafe.lint.script import script_of
from migsafe.rules.transaction_left_open import RULE as LEFT_OPEN


@pytest.mark.parametrize(
    ("runs", "sql", "expected"),
    [
        (Runs.ONE_BY_ONE, "SELECT 1; SELECT 2", (None, None)),
        (Runs.TOGETHER, "SELECT 1; SELECT 2", (1, 1)),
        (Runs.TOGETHER, "SELECT 1", (1,)),
        (Runs.AS_ONE_QUERY, "SELECT 1; SELECT 2", (1, 1)),
        (Runs.AS_ONE_QUERY, "CREATE INDEX CONCURRENTLY i ON t (a)", (None,)),
        (Runs.ONE_BY_ONE, "SELECT 0; BEGIN; SELECT 1; COMMIT; SELECT 2", (None, 1, 1, 1, None)),
        (Runs.ONE_BY_ONE, "BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT", (1, 1, 1, 2, 2)),
        (Runs.TOGETHER, "SELECT 1; COMMIT; CREATE INDEX CONCURRENTLY i ON t (a); BEGIN; SELECT 2", (1, 1, None, 2, 2)),
        (Runs.ONE_BY_ONE, "DO $$ BEGIN PERFORM 1; END $$; SELECT 1", (None, None, None)),
    ],
)
def test_what_runs_together(runs: Runs, sql: str, expected: tuple[int | None, ...]) -> None:
    assert script_of(sql, runs=runs).transactions == expected


@pytest.mark.parametrize(("runs", "left_open"), [(Runs.TOGETHER, 0), (Runs.AS_ONE_QUERY, 1), (Runs.ONE_BY_ONE, 1)])
def test_a_transaction_that_the_runner_commits_is_not_left_open(runs: Runs, left_open: int) -> None:
    script = script_of("COMMIT; CREATE INDEX CONCURRENTLY i ON t (a); BEGIN", runs=runs)
    assert len(Linter([LEFT_OPEN]).lint(script, Catalog())) == left_open
