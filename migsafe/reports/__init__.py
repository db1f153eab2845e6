"""Reports as text: one module a format, found in a table."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from migsafe.findings import Report
from migsafe.reports.places import relative

FORMATS: Mapping[str, str] = {
    "terminal": "migsafe.reports.terminal",
    "trace": "migsafe.reports.trace",
    "json": "migsafe.reports.json_1",
    "markdown": "migsafe.reports.markdown",
    "html": "migsafe.reports.html",
    "junit": "migsafe.reports.junit",
    "github": "migsafe.reports.github",
    "gitlab": "migsafe.reports.gitlab",
    "sarif": "migsafe.reports.sarif",
    "gcc": "migsafe.reports.gcc",
}
"""Each format and its module, which has ``render(report, *, width, colour) -> str`` and is imported when it is used."""


def render(report: Report, format: str, *, width: int = 80, colour: bool = False, root: Path | None = None) -> str:  # noqa: A002
    """The report as text that ends with a line break: the same text for the same report.

    ``width`` (columns) and ``colour`` matter to formats that people read. Files below ``root`` are named relative to
    it.
    """
    if root:
        report = relative(report, root)
    text: str = import_module(FORMATS[format]).render(report, width=width, colour=colour)
    return text
