"""The report as workflow commands, which GitHub Actions shows as annotations on the lines of a pull request.

GitHub's manual, "Workflow commands for GitHub Actions", has the commands; which characters have to be escaped is
known from ``@actions/core``.
"""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.findings import Location, Report, Severity
from migsafe.plain import plain
from migsafe.reports.counts import summary
from migsafe.reports.listed import details, entries, left_out

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, **_: object) -> str:
    """One command a finding, one for each thing that was not checked, and the verdict as plain text."""
    lines = [
        _command(COMMANDS[entry.finding.severity], _properties(entry.location, entry.finding.rule), text)
        for entry in entries(report)
        for text in [details(entry.finding)]
    ]
    lines += [_command("warning", {"title": f"not checked: {subject}"}, reason) for subject, reason in left_out(report)]
    return "".join(f"{line}\n" for line in [*lines, f"migsafe: {summary(report)}"])


def _properties(location: Location, rule: str) -> dict[str, str]:
    return {**dict(_place(location)), "title": rule}


def _place(location: Location) -> Iterator[tuple[str, str]]:
    if location.file is not None:
        yield "file", location.file.as_posix()
        yield "line", str(location.line or 1)
        if location.column is not None:
            yield "col", str(location.column)


def _command(name: str, properties: dict[str, str], text: str) -> str:
    said = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {said}::{_data(text)}"


def _data(text: str) -> str:
    return plain(text.expandtabs()).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
