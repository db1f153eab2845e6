"""The rules in the gate: errors are warnings there, and what was measured overrules what was foretold."""

from __future__ import annotations

from pathlib import Path

from migsafe.config import LintSettings
from migsafe.findings import CheckResult, Lock, Outcome, Rewrite, Severity, Statement
from migsafe.history.model import HistorySettings
from migsafe.history.plain import PlainHistory
from migsafe.lint.known import read_baseline
from migsafe.lint.steps import lint_files, of_step, overruled

REWRITE = Rewrite("public.t", "table", "column type")


def traced(*rewrites: Rewrite) -> Statement:
    lock = Lock("public.t", "ACCESS EXCLUSIVE", ("reads", "writes"))
    return Statement("ALTER TABLE t ALTER COLUMN n TYPE bigint", 1.0, locks=(lock,), rewrites=rewrites)


def linted(directory: Path, settings: LintSettings) -> CheckResult:
    (directory / "1.sql").write_text("CREATE TABLE t (n integer);", encoding="utf-8")
    (directory / "2.sql").write_text("ALTER TABLE t ALTER COLUMN n TYPE bigint;", encoding="utf-8")
    history = PlainHistory(HistorySettings(root=directory, path=directory))
    new = directory / "2.sql"
    (result,) = of_step((new,), lint_files(history, {new}, settings, 15, read_baseline(settings.baseline)))
    return result


def test_an_error_is_a_warning_in_the_gate_unless_the_settings_want_it_to_fail(tmp_path: Path) -> None:
    result = linted(tmp_path, LintSettings())
    assert (result.outcome, {each.severity for each in result.findings}) == (Outcome.PASSED, {Severity.WARNING})
    assert linted(tmp_path, LintSettings(gate="fail")).outcome is Outcome.FAILED


def test_a_rewrite_that_was_seen_confirms_the_rule_and_one_that_was_not_withdraws_it(tmp_path: Path) -> None:
    result = linted(tmp_path, LintSettings(disable=("lock-without-timeout",)))
    (finding,) = result.findings
    quiet, loud = traced(), traced(REWRITE)
    assert overruled(result, (quiet,)).findings == ()
    assert overruled(result, (quiet,)).answer == "clean"
    (confirmed,) = overruled(result, (loud,)).findings
    assert [each.label for each in confirmed.evidence] == ["statement", "measured"]
    assert overruled(result, (Statement("ALTER TABLE t …", 1.0),)).findings == (finding,), "it wasn't traced"
