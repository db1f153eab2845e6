"""The report as compilers write theirs, for editors: ``file:line:column: severity: message [rule]``, one line each."""

from __future__ import annotations

from migsafe.findings import Location, Report
from migsafe.plain import one_line
from migsafe.reports.counts import summary
from migsafe.reports.listed import entries, left_out


def render(report: Report, **_: object) -> str:
    """The findings, what was not checked, and the verdict; what has no file is said by migsafe itself."""
    lines = [
        f"{_place(entry.location)}: {entry.finding.severity.value}: {one_line(entry.finding.message)} "
        f"[{one_line(entry.finding.rule)}]"
        for entry in entries(report)
    ]
    lines += [
        f"migsafe: warning: not checked: {one_line(subject)}: {one_line(reason)} [not-checked]"
        for subject, reason in left_out(report)
    ]
    return "".join(f"{line}\n" for line in [*lines, f"migsafe: note: {summary(report)}"])


def _place(location: Location) -> str:
    if location.file is None and location.line is None:
        return "migsafe"
    file = location.file.as_posix() if location.file else "<stdin>"
    return f"{one_line(file)}:{location.line or 1}:{location.column or 1}"
