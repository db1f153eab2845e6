"""Ignore comments: real comments only, each with a reason and a use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from migsafe.findings import CheckResult, Finding, Location, Outcome, Severity
from migsafe.ignores import apply_ignores, read_ignores

LOST = Finding("data-lost", Severity.ERROR, "lost", location=Location(object="public.t.a"))
FAILED = CheckResult("data", Outcome.FAILED, "lost", "lost", (LOST,))
CHECKS = ("apply", "data", "apply-twice")


def write(directory: Path, name: str, text: str) -> Path:
    file = directory / name
    file.write_text(text, encoding="utf-8")
    return file


def test_only_real_comments_of_sql_count(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "1.sql",
        "SELECT '-- migsafe: ignore in-a-string no'; -- migsafe: ignore after-it é yes\n"
        "DO $$ -- migsafe: ignore in-a-body no\n$$;\n"
        "/* -- migsafe: ignore in-a-block no */\n"
        "COPY t FROM STDIN;\n-- migsafe: ignore in-data no\nit's\n\\.\n"
        "SELECT 1; --migsafe:ignore at-the-end   yes\n",
    )
    assert [(each.rule, each.reason, each.location.line) for each in read_ignores([file])] == [
        ("after-it", "é yes", 1),
        ("at-the-end", "yes", 9),
    ]


def test_only_real_comments_of_python_count(tmp_path: Path) -> None:
    file = write(tmp_path, "1.py", 'a = "# migsafe: ignore in-a-string no"\nb = 1  # migsafe: ignore beside-it yes\n')
    broken = write(tmp_path, "2.py", "def (:\n    '''")
    latin = tmp_path / "4.py"
    latin.write_bytes(b"a = 1\nb = 2\nc = 'caf\xe9'  # migsafe: ignore x no\n")
    (found,) = read_ignores([file, broken, latin, write(tmp_path, "3.java", "# migsafe: ignore x no")])
    assert (found.rule, found.reason, str(found.location)) == ("beside-it", "yes", f"{file}:2:8")


def test_what_is_ignored_becomes_a_note_that_keeps_the_reason(tmp_path: Path) -> None:
    ignores = read_ignores([write(tmp_path, "1.sql", "-- migsafe: ignore data-lost it is empty anyway")])
    (result,), findings = apply_ignores(ignores, [FAILED], CHECKS)
    assert (result.outcome, result.answer, findings) == (Outcome.PASSED, "ignored", ())
    assert result.findings[0].severity is Severity.NOTE
    assert result.findings[0].evidence[0].text.startswith("it is empty anyway (")


def test_what_could_not_be_looked_at_is_not_ignored_with_what_was_found(tmp_path: Path) -> None:
    ignores = read_ignores([write(tmp_path, "1.sql", "-- migsafe: ignore data-lost it is empty anyway")])
    (result,), _ = apply_ignores(ignores, [replace(FAILED, unread="not analysed: EXECUTE")], CHECKS)
    assert (result.outcome, result.reason) == (Outcome.NOT_CHECKED, "not analysed: EXECUTE")


def test_one_object_alone_can_be_ignored(tmp_path: Path) -> None:
    other = replace(LOST, location=Location(object='public."b (c)".a'))
    result = replace(FAILED, findings=(LOST, other))
    ignores = read_ignores([write(tmp_path, "1.sql", '-- migsafe: ignore data-lost(public."b (c)".a) it is empty')])
    (after,), findings = apply_ignores(ignores, [result], CHECKS)
    assert [finding.severity for finding in after.findings] == [Severity.ERROR, Severity.NOTE]
    assert (after.outcome, findings) == (Outcome.FAILED, ())


def test_without_a_reason_nothing_is_ignored(tmp_path: Path) -> None:
    ignores = read_ignores([write(tmp_path, "1.sql", "-- migsafe: ignore data-lost\n-- migsafe: ignore\n")])
    (result,), findings = apply_ignores(ignores, [FAILED], CHECKS)
    assert result == FAILED
    assert [(each.rule, each.severity, each.location.line) for each in findings] == [
        ("ignore-without-reason", Severity.ERROR, 1),
        ("ignore-without-reason", Severity.ERROR, 2),
    ]


def test_a_comment_that_silences_nothing_is_a_finding_unless_its_check_did_not_run(tmp_path: Path) -> None:
    text = "-- migsafe: ignore data-nulled a\n-- migsafe: ignore apply-twice-stuck b\n-- migsafe: ignore dato-lost c\n"
    ignores = read_ignores([write(tmp_path, "1.sql", text)])
    skipped = CheckResult("apply-twice", Outcome.NOT_CHECKED, reason="why not")
    _, findings = apply_ignores(ignores, [FAILED, skipped], CHECKS)
    assert [(each.rule, each.location.line) for each in findings] == [("ignore-unused", 1), ("ignore-unused", 3)]
