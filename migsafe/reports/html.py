"""The report as one page that stands by itself: no script, nothing loaded from elsewhere.

The page forbids both in a Content-Security-Policy of its own, so that no name in it can do more than be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files

import migsafe
from migsafe.findings import CheckResult, Finding, MigrationReport, Outcome, Report, Severity, Verdict
from migsafe.plain import many, one_line, plain
from migsafe.reports.counts import summary
from migsafe.reports.html_timeline import timeline
from migsafe.reports.listed import Entry, entries, left_out, looked_at
from migsafe.reports.told import length

CLASSES = {
    Verdict.SAFE: "passed",
    Verdict.UNSAFE: "failed",
    Verdict.NOT_CHECKED: "unknown",
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.NOT_CHECKED: "unknown",
    Severity.ERROR: "failed",
    Severity.WARNING: "unknown",
    Severity.NOTE: "note",
}


def render(report: Report, **_: object) -> str:
    """The page."""
    style = files("migsafe.reports").joinpath("html.css").read_text(encoding="utf-8")
    title = f"migsafe {one_line(report.command)}: {report.verdict.value}"
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{style}</style></head><body>",
        *_head(report),
        *_section("Migrations", _table(report)),
        *_section("Findings", map(_finding, entries(report))),
        *_section("Not checked", _not_checked(report)),
        *_section("Statements", _statements(report)),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _head(report: Report) -> Iterator[str]:
    verdict, _, rest = summary(report).partition(": ")
    yield f'<header class="{CLASSES[report.verdict]}">'
    yield f"<h1>migsafe {_line(report.command)}: <b>{verdict.lower()}</b></h1>"
    yield f"<p>{escape(rest)}</p>"
    yield f'<p class="soft">{_line(looked_at(report))}; migsafe {_line(migsafe.__version__)}</p>'
    if report.server:
        yield f'<p class="soft">on PostgreSQL {_line(report.server.version)} ({_line(report.server.kind)})</p>'
        for kind, reason in report.server.passed_over.items():
            yield f'<p class="soft">not {_line(kind)}: {_line(reason)}</p>'
    if report.baseline:
        start = report.baseline
        at = f" at {_line(start.revision)}" if start.revision else ""
        contents = f"{many(start.tables, 'table')}, {many(start.rows, 'row')}"
        yield f'<p class="soft">from {_line(start.source)}{at}: {contents}</p>'
    yield "</header>"


def _section(title: str, content: Iterable[str]) -> Iterator[str]:
    """A heading and what stands below it; nothing where there is nothing."""
    lines = list(content)
    if lines:
        yield f"<h2>{title}</h2>"
        yield from lines


def _table(report: Report) -> Iterator[str]:
    if not report.migrations:
        yield "<p>There are no new migrations to check.</p>"
        return
    checks = list(dict.fromkeys(check.check for migration in report.migrations for check in migration.checks))
    heads = "".join(f"<th>{_line(check)}</th>" for check in checks)
    yield f'<div class="scroll"><table><thead><tr><th>migration</th>{heads}</tr></thead><tbody>'
    for migration in report.migrations:
        answers = {check.check: _answer(check) for check in migration.checks}
        cells = "".join(answers.get(check, '<td class="soft">–</td>') for check in checks)
        yield f"<tr><th>{_name(migration)}</th>{cells}</tr>"
    yield "</tbody></table></div>"


def _name(migration: MigrationReport) -> str:
    return f"<code>{_line(migration.version)}</code> {_line(migration.description)}"


def _answer(check: CheckResult) -> str:
    reason = f' title="{_line(check.reason)}"' if check.reason else ""
    return f'<td class="{CLASSES[check.outcome]}"{reason}>{_line(check.answer or check.outcome.value)}</td>'


def _finding(entry: Entry) -> str:
    finding = entry.finding
    source = f'<span class="soft">({_line(entry.source)})</span>'
    title = f"<h3><b>{finding.severity.value}</b> {_line(finding.rule)} {source}</h3>"
    return "\n".join([f'<article class="{CLASSES[finding.severity]}">', title, *_body(finding), "</article>"])


def _body(finding: Finding) -> Iterator[str]:
    if str(finding.location):
        yield f'<p class="soft"><code>{_line(str(finding.location))}</code></p>'
    yield f'<p class="message">{_lines(finding.message)}</p>'
    for evidence in finding.evidence:
        yield f'<p class="label">{_line(evidence.label)}</p><pre>{_lines(evidence.text)}</pre>'
    if finding.remedy:
        yield f'<p class="message"><b>Instead:</b> {_lines(finding.remedy)}</p>'


def _not_checked(report: Report) -> Iterator[str]:
    lines = [f"<dt>{_line(subject)}</dt><dd>{_lines(reason)}</dd>" for subject, reason in left_out(report)]
    if lines:
        yield "<dl>"
        yield from lines
        yield "</dl>"


def _statements(report: Report) -> Iterator[str]:
    for migration in report.migrations:
        if migration.statements:
            spent = length(migration.statements)
            told = f"{many(len(migration.statements), 'statement')}, {spent:,.1f} ms"
            yield f'<details open><summary>{_name(migration)} <span class="soft">{told}</span></summary>'
            yield from timeline(migration.statements)
            yield "</details>"


def _line(text: str) -> str:
    return escape(one_line(text))


def _lines(text: str) -> str:
    return escape(plain(text.expandtabs()))
