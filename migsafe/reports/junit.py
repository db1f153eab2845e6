"""The report as JUnit's XML, as build servers read it: a suite a migration, a test case a check.

What was not checked is skipped, with its reason. Findings that fail nothing stand in the output of their case, the
statements of a migration in that of its suite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET  # only written here, never read

from migsafe.findings import CheckResult, Finding, MigrationReport, Outcome, Report, Severity
from migsafe.plain import many, one_line, plain, shortened
from migsafe.reports.listed import HISTORY, TRACE, details, findings_of, is_left_out
from migsafe.reports.told import notes

SHOWN = 200
"""Statements of one migration in the output of its suite."""


def render(report: Report, **_: object) -> str:
    """One document, with a suite for the history and one for what the run as a whole left out, where there is such."""
    root = ET.Element("testsuites", name=f"migsafe {one_line(report.command)}", time=f"{report.seconds:.3f}")
    if report.findings:
        _history(root, report.findings)
    for migration in report.migrations:
        _migration(root, migration)
    if report.not_checked:
        suite = _suite(root, "not checked")
        for subject, reason in report.not_checked.items():
            ET.SubElement(_case(suite, one_line(subject)), "skipped", message=one_line(reason))
    for suite in root:
        _count(suite)
    _total(root)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _history(root: ET.Element, findings: Sequence[Finding]) -> None:
    """A case a rule: one that has an error failed."""
    suite = _suite(root, HISTORY)
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    for rule, alike in by_rule.items():
        case = _case(suite, one_line(rule))
        errors = [finding for finding in alike if finding.severity is Severity.ERROR]
        if errors:
            _add(case, "failure", _body(alike), message=errors[0].message, type=rule)
        else:
            _add(case, "system-out", _body(alike))


def _migration(root: ET.Element, migration: MigrationReport) -> None:
    suite = _suite(root, one_line(f"{migration.version} {migration.description}".strip()))
    for check in migration.checks:
        case = _case(suite, one_line(check.check), check.seconds)
        findings = findings_of(check)
        if check.outcome is Outcome.FAILED:
            _add(case, "failure", _body(findings), message=_said(check), type=findings[0].rule)
        elif check.outcome is Outcome.NOT_CHECKED:
            _add(case, "skipped", message=check.reason)
        if check.outcome is not Outcome.FAILED and findings:
            _add(case, "system-out", _body(findings))
    if is_left_out(migration):
        _add(_case(suite, TRACE), "skipped", message=migration.not_traced)
    if migration.statements:
        _add(suite, "system-out", "\n".join(_traced(migration)))


def _traced(migration: MigrationReport) -> Iterator[str]:
    """Each statement with what it locked, rewrote and scanned."""
    for number, statement in enumerate(migration.statements[:SHOWN], start=1):
        at = f" at {statement.location}" if statement.location.file else ""
        yield f"{number}. {statement.milliseconds:,.1f} ms: {shortened(statement.sql, 200)}{at}"
        yield from (f"   {one_line(text)}" for _, text in notes(statement))
    if len(migration.statements) > SHOWN:
        yield f"… and {many(len(migration.statements) - SHOWN, 'more statement')}; --format json has all of them"


def _said(check: CheckResult) -> str:
    return ": ".join(part for part in (check.answer, check.reason) if part) or "failed"


def _body(findings: Sequence[Finding]) -> str:
    return "\n\n".join(f"{f.severity.value} {f.rule}{_at(f)}\n{details(f)}" for f in findings)


def _at(finding: Finding) -> str:
    return f"\nat {finding.location}" if str(finding.location) else ""


def _suite(root: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(root, "testsuite", name=name)


def _case(suite: ET.Element, name: str, seconds: float = 0.0) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=suite.get("name", ""), name=name, time=f"{seconds:.3f}")


def _add(case: ET.Element, tag: str, text: str = "", **attributes: str) -> None:
    child = ET.SubElement(case, tag, {name: one_line(value) for name, value in attributes.items()})
    child.text = plain(text.expandtabs()) or None


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("errors", "0")


def _total(root: ET.Element) -> None:
    for name in ("tests", "failures", "skipped", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
