"""The report for a person at a terminal: what was checked, what was found, what was not checked, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from migsafe.findings import CheckResult, Finding, MigrationReport, Outcome, Report, Severity, Verdict
from migsafe.plain import many, one_line, plain
from migsafe.reports.counts import summary
from migsafe.reports.listed import left_out, looked_at
from migsafe.reports.page import Page
from migsafe.reports.second_runs import TITLE, second_runs
from migsafe.reports.terminal_locks import locks

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.NOT_CHECKED: "yellow",
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
    Verdict.SAFE: "bold green",
    Verdict.UNSAFE: "bold red",
    Verdict.NOT_CHECKED: "bold yellow",
}


MOST_CHARACTERS = 4000
"""Of one piece of evidence."""

OTHERS_SHOWN = 5
"""Messages of findings on the history that are alike, below the first of them."""


def render(report: Report, *, width: int, colour: bool) -> str:
    """The report in ``width`` columns. Lines of evidence and places are never broken: carets stay put, and paths
    can be copied."""
    page = Page(width, colour=colour)
    head(page, report)
    _migrations(page, report.migrations)
    findings(page, report)
    _second_runs(page, report)
    locks(page, report.migrations)
    not_checked(page, report)
    verdict(page, report)
    return page.text()


def head(page: Page, report: Report) -> None:
    """What was run, on which server, and from which baseline."""
    page.write((f"migsafe {one_line(report.command)}", "bold"), f", {one_line(looked_at(report))}")
    if report.server:
        page.write(f"on PostgreSQL {one_line(report.server.version)} ({one_line(report.server.kind)})")
        for kind, reason in report.server.passed_over.items():
            page.write(f"not {one_line(kind)}: {plain(reason)}", indent=2, hanging=2)
    if report.baseline:
        start = report.baseline
        at = f" at {one_line(start.revision)}" if start.revision else ""
        contents = f"{many(start.tables, 'table')}, {many(start.rows, 'row')}"
        page.write(f"from {one_line(start.source)}{at}: {contents}", hanging=2)


def _migrations(page: Page, migrations: Sequence[MigrationReport]) -> None:
    """One line a migration with a column a check, or, where the columns don't fit, its answers below it."""
    if not migrations:
        page.write("\nThere are no new migrations to check.")
        return
    checks = list(dict.fromkeys(check.check for migration in migrations for check in migration.checks))
    widths = {
        name: max(cell_len(name), *(_answer_width(migration, name) for migration in migrations)) for name in checks
    }
    names = [title(migration) for migration in migrations]
    room = page.width - sum(each + 2 for each in widths.values())
    if room < 24:
        _answers_below(page, migrations, names)
        return
    column = min(room, max(map(cell_len, names)))
    page.write()
    page.write((_padded("", column) + "".join(f"  {_padded(name, widths[name])}" for name in checks), "bold"))
    for migration, name in zip(migrations, names, strict=True):
        answers = {check.check: check for check in migration.checks}
        cells = [_cell(answers.get(check), widths[check]) for check in checks]
        page.write(_padded(name, column), *(part for cell in cells for part in ("  ", cell)))


def _answers_below(page: Page, migrations: Sequence[MigrationReport], names: Sequence[str]) -> None:
    for migration, name in zip(migrations, names, strict=True):
        page.write(f"\n{name}", hanging=4)
        for check in migration.checks:
            page.write(f"{one_line(check.check)}: ", (_answer(check), STYLES[check.outcome]), indent=4, hanging=2)


def title(migration: MigrationReport) -> str:
    """Its version and title on one line."""
    return one_line(f"{migration.version} {migration.description}".strip())


def _answer(check: CheckResult) -> str:
    """The check's own word, in capitals where it failed, so that it is seen without colour too."""
    answer = one_line(check.answer or check.outcome)
    return answer.upper() if check.outcome is Outcome.FAILED else answer


def _answer_width(migration: MigrationReport, name: str) -> int:
    return max((cell_len(_answer(check)) for check in migration.checks if check.check == name), default=0)


def _cell(check: CheckResult | None, width: int) -> tuple[str, str]:
    return (_padded(_answer(check), width), STYLES[check.outcome]) if check else (_padded("-", width), "dim")


def _padded(text: str, width: int) -> str:
    cell = Text(text)
    cell.truncate(width, overflow="ellipsis", pad=True)
    return cell.plain


def findings(page: Page, report: Report) -> None:
    """Every finding, those on the history first."""
    alike: dict[object, list[Finding]] = {}
    for finding in report.findings:
        alike.setdefault((finding.rule, finding.severity, finding.remedy, finding.evidence), []).append(finding)
    for first, *others in alike.values():
        _finding(page, first, "the history", others)
    for migration in report.migrations:
        for check in migration.checks:
            source = f"{check.check} of {migration.version}"
            for finding in check.findings:
                _finding(page, finding, source)
            if check.outcome is Outcome.FAILED and not check.findings:
                page.write(f"\n{one_line(source)}: ", (plain(check.reason or "failed"), "bold red"), hanging=2)


def _finding(page: Page, finding: Finding, source: str, others: Sequence[Finding] = ()) -> None:
    """One finding, and the messages of ``others`` that only differ from it by where they are."""
    page.write()
    title = f" {one_line(finding.rule)} ({one_line(source)})"
    page.write((finding.severity.value, STYLES[finding.severity]), (title, "bold"), hanging=2)
    if place := one_line(str(finding.location)):
        page.whole(f"at {place}", indent=2)
    page.write(plain(finding.message), indent=2)
    for evidence in finding.evidence:
        page.write(f"{plain(evidence.label)}:", indent=2)
        page.verbatim(plain(_beginning(evidence.text)), indent=4)
    for other in others[:OTHERS_SHOWN]:
        page.write(plain(other.message), indent=2, hanging=2)
    if len(others) > OTHERS_SHOWN:
        page.write(f"… and {len(others) - OTHERS_SHOWN:,} more such; --format json has all of them", indent=2)
    if finding.remedy:
        page.write(("instead: ", "bold"), plain(finding.remedy), indent=2)


def _beginning(text: str) -> str:
    """As much as a person reads: an INSERT of ten thousand rows is one statement."""
    more = len(text) - MOST_CHARACTERS
    return (
        f"{text[:MOST_CHARACTERS]}…\n… and {many(more, 'more character')}; --format json has all of them"
        if more > 0
        else text
    )


def _second_runs(page: Page, report: Report) -> None:
    lines = list(second_runs(report))
    if lines:
        page.write()
        page.write((TITLE, "bold"))
    for subject, said in lines:
        page.write(f"{one_line(subject)}: {one_line(said)}", indent=2, hanging=2)


def not_checked(page: Page, report: Report) -> None:
    """What was not looked at, with the reasons."""
    lines = list(left_out(report))
    if lines:
        page.write()
        page.write(("not checked", "bold yellow"))
    for subject, reason in lines:
        page.write(f"{one_line(subject)}: {plain(reason)}", indent=2, hanging=2)


def verdict(page: Page, report: Report) -> None:
    """The answer in one line."""
    word, _, rest = summary(report).partition(":")
    page.write()
    page.write((word, STYLES[report.verdict]), f":{rest}", hanging=2)
