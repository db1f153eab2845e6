"""The rules in the gate: errors are warnings there, unless the settings want them to fail."""

from __future__ import annotations

from pathlib import Path

from migsafe.config import LintSettings
from migsafe.findings import CheckResult, Outcome, Severity
from migsafe.history.model import HistorySettings
from migsafe.history.plain import PlainHistory
from migsafe.lint.known import read_baseline
from migsafe.lint.steps import lint_files, of_step


def linted(directory: Path, settings: LintSettings, before: str = "") -> CheckResult:
    (directory / "1.sql").write_text("CREATE TABLE t (n integer);", encoding="utf-8")
    (directory / "2.sql").write_text(before + "ALTER TABLE t ALTER COLUMN n TYPE bigint;", encoding="utf-8")
    history = PlainHistory(HistorySettings(root=directory, path=directory))
    new = directory / "2.sql"
    (result,) = of_step((new,), lint_files(history, {new}, settings, 15, read_baseline(settings.baseline)))
    return result


def test_an_error_is_a_warning_in_the_gate_unless_the_settings_want_it_to_fail(tmp_path: Path) -> None:
    result = linted(tmp_path, LintSettings())
    assert (result.outcome, {each.severity for each in result.findings}) == (Outcome.PASSED, {Severity.WARNING})
    assert linted(tmp_path, LintSettings(gate="fail")).outcome is Outcome.FAILED


def test_what_is_not_analysed_is_said_whatever_is_found(tmp_path: Path) -> None:
    dynamic = "DO $$ BEGIN EXECUTE 'DROP TABLE ' || current_user; END $$;\n"
    for gate, not_analysed, outcome in (
        ("fail", "list", Outcome.FAILED),
        ("fail", "fail", Outcome.FAILED),
        ("warn", "list", Outcome.PASSED),
        ("warn", "fail", Outcome.NOT_CHECKED),
    ):
        result = linted(tmp_path, LintSettings(gate=gate, not_analysed=not_analysed), before=dynamic)
        assert (result.outcome, "not analysed" in result.reason) == (outcome, True)
