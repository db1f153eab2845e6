"""The report as GitLab's Code Quality takes it (GitLab's manual, "Code Quality report format"): a list of issues.

A fingerprint tells GitLab that an issue of the target branch and one of the merge request are the same.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from migsafe.findings import Location, Report, Severity
from migsafe.plain import plain
from migsafe.reports.listed import details, entries, left_out

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render(report: Report, **_: object) -> str:
    """The findings, and what was not checked, as JSON in ASCII."""
    issues = [
        _issue(
            entry.finding.rule,
            details(entry.finding),
            SEVERITIES[entry.finding.severity],
            entry.location,
            entry.fingerprint,
        )
        for entry in entries(report)
    ]
    issues += [
        _issue("not-checked", f"{subject} was not checked: {reason}", "major", Location(), _hash(subject, reason))
        for subject, reason in left_out(report)
    ]
    return json.dumps(issues, indent=2) + "\n"


def _issue(rule: str, description: str, severity: str, location: Location, fingerprint: str) -> dict[str, Any]:
    """GitLab requires a path and a line: what has none stands at the first line of the project's directory."""
    path = location.file.as_posix() if location.file else "."
    return {
        "description": plain(description),
        "check_name": plain(rule),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": plain(path), "lines": {"begin": location.line or 1}},
    }


def _hash(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:32]
