"""The report as GitHub-flavoured Markdown, for a comment on a pull request or the summary of a job.

Findings are folded, so that the verdict and the table of migrations and checks are seen at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migsafe.findings import CheckResult, Finding, MigrationReport, Outcome, Report, Severity, Verdict
from migsafe.plain import many, one_line, plain, shortened
from migsafe.reports.counts import summary
from migsafe.reports.listed import Entry, entries, left_out
from migsafe.reports.second_runs import TITLE, second_runs
from migsafe.reports.told import InTheWay, in_the_way

SIGNS = {
    Verdict.SAFE: "✅",
    Verdict.UNSAFE: "❌",
    Verdict.NOT_CHECKED: "❔",
    Outcome.PASSED: "✅",
    Outcome.FAILED: "❌",
    Outcome.NOT_CHECKED: "❔",
    Severity.ERROR: "❌",
    Severity.WARNING: "⚠️",
    Severity.NOTE: "💬",
}

ROOM = 60_000
"""Characters of findings; GitHub refuses a comment of more than 65,536."""

LOCKS = 30
"""Locks in the table of those that are in others' way."""

_MEANS_SOMETHING = re.compile(r"([\\`*_\[\]|~#$]|^[-+=])", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d+)(?=[.)](?:\s|$))", re.MULTILINE)


def render(report: Report, **_: object) -> str:
    """Verdict, what it stands on, table, findings, what was not checked."""
    blocks = [
        f"## {SIGNS[report.verdict]} migsafe {_cell(report.command)}: {report.verdict.value}",
        _text(summary(report).partition(": ")[2]),
        *_grounds(report),
        *_table(report),
        *_findings(report),
        *_locks(report),
        *_second_runs(report),
        *_not_checked(report),
    ]
    return "\n\n".join(blocks) + "\n"


def _grounds(report: Report) -> Iterator[str]:
    said = []
    if report.server:
        said.append(f"on PostgreSQL {_cell(report.server.version)} ({_cell(report.server.kind)})")
    if report.baseline:
        start = report.baseline
        at = f" at {_code(start.revision)}" if start.revision else ""
        said.append(f"from {_cell(start.source)}{at}: {many(start.tables, 'table')}, {many(start.rows, 'row')}")
    if said:
        yield ", ".join(said)


def _table(report: Report) -> Iterator[str]:
    """Migrations down, checks across; a check that was not asked for has a dash."""
    if not report.migrations:
        return
    checks = list(dict.fromkeys(check.check for migration in report.migrations for check in migration.checks))
    rows = [["migration", *map(_cell, checks)], ["---"] * (len(checks) + 1)]
    rows += [_row(migration, checks) for migration in report.migrations]
    yield "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(migration: MigrationReport, checks: list[str]) -> list[str]:
    answers = {check.check: _answer(check) for check in migration.checks}
    name = f"{_code(migration.version)} {_cell(migration.description)}".strip()
    return [name, *(answers.get(check, "–") for check in checks)]


def _answer(check: CheckResult) -> str:
    answer = _cell(check.answer or check.outcome.value)
    return f"{SIGNS[check.outcome]} {f'**{answer}**' if check.outcome is Outcome.FAILED else answer}"


def _findings(report: Report) -> Iterator[str]:
    """Each finding folded, as far as there is room; then how many there are beyond."""
    room = ROOM
    listed = list(entries(report))
    for number, entry in enumerate(listed):
        block = _finding(entry)
        room -= len(block)
        if room < 0:
            yield f"… and {many(len(listed) - number, 'finding')} more, for which a comment has no room."
            return
        yield block


def _finding(entry: Entry) -> str:
    finding = entry.finding
    place = f" at {_html(str(finding.location))}" if str(finding.location) else ""
    title = f"{SIGNS[finding.severity]} <b>{_html(finding.rule)}</b> ({_html(entry.source)}){place}"
    blocks = [f"<details><summary>{title}</summary>", *_body(finding), "</details>"]
    return "\n\n".join(blocks)


def _body(finding: Finding) -> Iterator[str]:
    yield _text(finding.message)
    for evidence in finding.evidence:
        yield f"{_cell(evidence.label)}:\n\n{_fenced(evidence.text)}"
    if finding.remedy:
        yield f"**Instead:** {_text(finding.remedy)}"


def _locks(report: Report) -> Iterator[str]:
    """The locks that keep others from reading or writing, folded, as far as there is room."""
    found = in_the_way(report.migrations)
    if not found:
        return
    rows = ["| migration | statement | lock | blocks | held, ms |", "| --- | --- | --- | --- | --- |"]
    rows += [_lock(each) for each in found[:LOCKS]]
    more = [f"… and {len(found) - LOCKS:,} more; the JSON report has all."] if len(found) > LOCKS else []
    title = f"<details><summary>{many(len(found), 'lock')} that others wait for</summary>"
    yield "\n\n".join([title, "\n".join(rows), *more, "</details>"])


def _lock(each: InTheWay) -> str:
    statement, lock = each.statement, each.lock
    place = f"{_code(str(statement.location))} " if statement.location.file else ""
    held = "until the connection ended" if lock.milliseconds is None else f"{lock.milliseconds:,.1f}"
    cells = (
        _code(each.migration.version),
        f"{place}{_code(shortened(statement.sql, 120))}",
        f"{_cell(lock.mode)} on {', '.join(map(_code, each.relations))}",
        _cell(", ".join(lock.blocks)),
        held,
    )
    return f"| {' | '.join(cells)} |"


def _second_runs(report: Report) -> Iterator[str]:
    lines = [f"- {_code(subject)}: {_cell(said)}" for subject, said in second_runs(report)]
    if lines:
        yield f"**{TITLE.capitalize()}**"
        yield "\n".join(lines)


def _not_checked(report: Report) -> Iterator[str]:
    lines = [f"- {_cell(subject)}: {_cell(reason)}" for subject, reason in left_out(report)]
    if lines:
        yield "**Not checked**"
        yield "\n".join(lines)


def _text(text: str) -> str:
    """Text whose every character stands for itself; line breaks stay."""
    return _escaped(plain(text.expandtabs()))


def _cell(text: str) -> str:
    """As :func:`_text`, on one line."""
    return _escaped(one_line(text))


def _escaped(text: str) -> str:
    return _NUMBERED.sub(r"\1\\", _MEANS_SOMETHING.sub(r"\\\1", _entities(text)))


def _html(text: str) -> str:
    """Text inside an HTML element on a line of its own, where Markdown means nothing."""
    return _entities(one_line(text))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    """Inline code; in HTML, as a code span can't hold every text inside a table."""
    return f"<code>{_escaped(one_line(text))}</code>"


def _fenced(text: str) -> str:
    """A block of code whose fence is longer than any run of backticks in it."""
    lines = plain(text.expandtabs())
    longest = max((len(run) for run in re.findall("`+", lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{lines}\n{fence}"
