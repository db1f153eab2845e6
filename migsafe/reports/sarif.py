"""The report as SARIF 2.1.0 (OASIS Standard, Static Analysis Results Interchange Format), for code scanning services.

What was not checked stands in the notifications of the invocation; an ignored finding is a suppressed result.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import migsafe
from migsafe.findings import IGNORED, Evidence, Finding, Location, Report, Severity, Verdict
from migsafe.plain import plain
from migsafe.reports.listed import Entry, details, entries, left_out

Object = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render(report: Report, **_: object) -> str:
    """The report as one run, in ASCII."""
    listed = list(entries(report))
    rules = {rule: number for number, rule in enumerate(sorted({entry.finding.rule for entry in listed}))}
    run = {
        "tool": {
            "driver": {
                "name": "migsafe",
                "version": migsafe.__version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report.verdict is not Verdict.NOT_CHECKED,
                "exitCode": int(report.exit_code),
                "toolExecutionNotifications": [_notification(subject, reason) for subject, reason in left_out(report)],
            }
        ],
        "results": [_result(entry, rules) for entry in listed],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: str) -> Object:
    words = plain(rule).replace("-", " ")
    return {"id": plain(rule), "shortDescription": {"text": f"{words[:1].upper()}{words[1:]}."}}


def _notification(subject: str, reason: str) -> Object:
    text = f"{plain(subject)} was not checked: {plain(reason)}"
    return {"level": "warning", "descriptor": {"id": "not-checked"}, "message": {"text": text}}


def _result(entry: Entry, rules: Mapping[str, int]) -> Object:
    finding = entry.finding
    place = _location(entry.location)
    return {
        "ruleId": plain(finding.rule),
        "ruleIndex": rules[finding.rule],
        "level": LEVELS[finding.severity],
        "message": {"text": plain(details(finding))},
        **({"locations": [place]} if place else {}),
        "partialFingerprints": {"migsafe/1": entry.fingerprint},
        **_suppressions(finding),
        "properties": {"source": plain(entry.source)},
    }


def _location(location: Location) -> Object:
    place: Object = {}
    if location.file:
        region = {"startLine": location.line or 1, **({"startColumn": location.column} if location.column else {})}
        place["physicalLocation"] = {"artifactLocation": {"uri": _uri(location.file)}, "region": region}
    if location.object:
        place["logicalLocations"] = [{"fullyQualifiedName": plain(location.object)}]
    return place


def _uri(file: Path) -> str:
    """A relative reference, or a ``file:`` URI; bytes that are no text are percent-encoded too (RFC 3986)."""
    path = quote(os.fsencode(file.as_posix()))
    return f"file://{path}" if file.is_absolute() else path


def _suppressions(finding: Finding) -> Object:
    reasons: list[Evidence] = [each for each in finding.evidence if each.label == IGNORED]
    if not reasons:
        return {}
    return {"suppressions": [{"kind": "inSource", "justification": plain(reasons[0].text)}]}
