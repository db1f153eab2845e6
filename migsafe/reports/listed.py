"""A report as lists: its findings one after the other, and what was not checked, for formats that have no sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from migsafe.findings import CheckResult, Finding, Location, MigrationReport, Outcome, Report, Severity

HISTORY = "the history"

_NO_HISTORY = {"OpenAPI": "two OpenAPI documents", "files": "files by themselves"}
"""What was looked at where it was no history."""

TRACE = "trace"
"""What is left out of a migration whose locks, rewrites and scans are not known; ``migsafe trace`` asks for no more."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding and where it comes from: ``apply of 0007``, or the history as a whole.

    ``file`` is the finding's own, or the migration's. ``fingerprint`` tells it from every other one of its report.
    """

    finding: Finding
    source: str
    location: Location
    fingerprint: str


def looked_at(report: Report) -> str:
    """What the report is about: ``flyway history``."""
    return _NO_HISTORY.get(report.history, f"{report.history} history")


def entries(report: Report) -> Iterator[Entry]:
    """Every finding in the order of the report; a check that failed and found nothing is one itself."""
    seen: dict[str, int] = {}
    for finding, source, location in _findings(report):
        fingerprint = finding.fingerprint
        number = seen[fingerprint] = seen.get(fingerprint, 0) + 1
        yield Entry(finding, source, location, fingerprint if number == 1 else f"{fingerprint}-{number}")


def _findings(report: Report) -> Iterator[tuple[Finding, str, Location]]:
    for finding in report.findings:
        yield finding, HISTORY, finding.location
    for migration in report.migrations:
        for check in migration.checks:
            for finding in findings_of(check):
                yield finding, f"{check.check} of {migration.version}", _location(finding, migration)


def findings_of(check: CheckResult) -> tuple[Finding, ...]:
    """The findings of a check; one that failed without any is told by its reason."""
    if check.findings or check.outcome is not Outcome.FAILED:
        return check.findings
    return (Finding(f"{check.check}-failed", Severity.ERROR, check.reason or f"{check.check} failed"),)


def _location(finding: Finding, migration: MigrationReport) -> Location:
    """Formats that mark lines of files have no other place for a finding than the migration's file."""
    if finding.location.file or not migration.files:
        return finding.location
    return replace(finding.location, file=migration.files[0])


def left_out(report: Report) -> Iterator[tuple[str, str]]:
    """What was not checked and why; a reason that several migrations share is told once."""
    shared: dict[tuple[str, str], list[str]] = {}
    for migration in report.migrations:
        for check in migration.checks:
            if check.outcome is Outcome.NOT_CHECKED:
                shared.setdefault((check.check, check.reason), []).append(migration.version)
        if is_left_out(migration):
            shared.setdefault((TRACE, migration.not_traced), []).append(migration.version)
    for (check_name, reason), versions in shared.items():
        yield f"{check_name} of {', '.join(versions)}", reason
    yield from report.not_checked.items()


def is_left_out(migration: MigrationReport) -> bool:
    """Whether the trace of a migration is missing, and no check of that name says so itself."""
    return bool(migration.not_traced) and all(check.check != TRACE for check in migration.checks)


def details(finding: Finding) -> str:
    """Message, evidence and remedy as lines of text."""
    parts = [finding.message, *(f"{each.label}:\n{_indented(each.text)}" for each in finding.evidence)]
    if finding.remedy:
        parts.append(f"instead: {finding.remedy}")
    return "\n".join(parts)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
