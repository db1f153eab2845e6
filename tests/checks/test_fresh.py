"""From nothing against from a dump: the same, drifted, different, or not to be made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migsafe.checks.together import AllNew, check_fresh
from migsafe.findings import CheckResult, Outcome, Severity
from tests.fix_sql_files import Folder
from tests.fix_steps import Stand

Compared = Callable[..., "CheckResult | str"]


@pytest.fixture
def compared(stand: Stand, sql_files: Folder) -> Compared:
    """``compared(new, by_hand="")``: what *fresh* says of a migration where somebody did something by hand before."""

    def check(new: str, by_hand: str = "", *, brought: bool = True) -> CheckResult | str:
        history = sql_files({"1.sql": "CREATE TABLE t (id integer PRIMARY KEY)", "2.sql": new}, kind="plain")
        experiment = stand(history, by_hand)
        old, last = history.migrations
        return check_fresh(AllNew(experiment, experiment.sandbox, (last,), frozenset({old.version}), (), brought))

    return check


def test_where_nothing_was_done_by_hand_both_are_the_same(compared: Compared) -> None:
    result = compared("ALTER TABLE t ADD w integer")
    assert isinstance(result, CheckResult)
    assert (result.outcome, result.answer, result.findings) == (Outcome.PASSED, "same", ())


def test_privileges_and_places_of_columns_are_no_difference(compared: Compared) -> None:
    result = compared("ALTER TABLE t ADD COLUMN IF NOT EXISTS w integer", "GRANT SELECT ON t TO PUBLIC")
    assert isinstance(result, CheckResult)
    assert result.answer == "same"


def test_what_was_other_before_and_stays_so_is_drift(compared: Compared) -> None:
    result = compared("ALTER TABLE t ADD w integer", "CREATE TABLE u ()")
    assert isinstance(result, CheckResult)
    (finding,) = result.findings
    assert (result.outcome, result.answer) == (Outcome.PASSED, "drifted")
    assert (finding.rule, finding.severity) == ("fresh-drifted", Severity.WARNING)
    assert "public.u: only in the upgraded one" in finding.evidence[0].text


def test_what_the_migration_makes_only_in_one_of_them_is_a_difference(compared: Compared) -> None:
    result = compared("ALTER TABLE t ADD COLUMN IF NOT EXISTS w integer", "ALTER TABLE t ADD w text")
    assert isinstance(result, CheckResult)
    assert (result.outcome, result.answer) == (Outcome.FAILED, "differs")
    assert result.findings[0].rule == "fresh-differs"
    assert "public.t.w" in result.findings[0].evidence[0].text


def test_what_the_migration_makes_the_same_is_no_drift_any_more(compared: Compared) -> None:
    result = compared("DROP TABLE IF EXISTS u", "CREATE TABLE u ()")
    assert isinstance(result, CheckResult)
    assert result.answer == "same"


def test_a_migration_that_needs_what_was_made_by_hand_fails_from_nothing(compared: Compared) -> None:
    result = compared("ALTER TABLE u ADD w integer", "CREATE TABLE u ()")
    assert isinstance(result, CheckResult)
    assert (result.outcome, result.answer) == (Outcome.FAILED, "fails")
    assert 'relation "u" does not exist' in result.reason


def test_a_baseline_that_the_migrations_made_is_not_laid_beside_itself(compared: Compared) -> None:
    assert compared("SELECT 1", brought=False) == "the baseline is itself made by the migrations, from nothing"
