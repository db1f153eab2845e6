"""What a report adds up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from migsafe.findings import Outcome, Report, Severity
from migsafe.plain import many


@dataclass(frozen=True, slots=True)
class Counts:
    """How many checks ended in each outcome, over all migrations, and how many findings there are of each severity."""

    migrations: int
    passed: int
    failed: int
    not_checked: int
    errors: int
    warnings: int
    notes: int


def count(report: Report) -> Counts:
    """The counts of a report."""
    outcomes = Counter(check.outcome for migration in report.migrations for check in migration.checks)
    severities = Counter(finding.severity for finding in report.all_findings)
    return Counts(
        migrations=sum(not migration.together for migration in report.migrations),
        passed=outcomes[Outcome.PASSED],
        failed=outcomes[Outcome.FAILED],
        not_checked=outcomes[Outcome.NOT_CHECKED],
        errors=severities[Severity.ERROR],
        warnings=severities[Severity.WARNING],
        notes=severities[Severity.NOTE],
    )


def summary(report: Report) -> str:
    """The verdict and the counts in one line of plain text."""
    counts = count(report)
    severities = (("error", counts.errors), ("warning", counts.warnings), ("note", counts.notes))
    found = [f"{many(number, severity)}; " for severity, number in severities if number]
    return (
        f"{report.verdict.value.upper()}: {many(counts.migrations, 'migration')}; checks: {counts.passed} passed, "
        f"{counts.failed} failed, {counts.not_checked} not checked; {''.join(found)}{report.seconds:.1f} s"
    )
