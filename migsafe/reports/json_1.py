"""The report for programs, ``migsafe.report/1``: written out field by field, so that it changes only on purpose.

``report-1.schema.json`` beside this file is its JSON Schema and says what each field means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import migsafe
from migsafe.findings import (
    CheckResult,
    Finding,
    Location,
    Lock,
    MigrationReport,
    Outcome,
    Report,
    SecondRun,
    ServerError,
    Statement,
    Verdict,
)
from migsafe.plain import blotted
from migsafe.reports.counts import Counts, count

Object = dict[str, Any]

VERDICTS = {Verdict.SAFE: "safe", Verdict.UNSAFE: "unsafe", Verdict.NOT_CHECKED: "not_checked"}
OUTCOMES = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.NOT_CHECKED: "not_checked"}


def render(report: Report, **_: object) -> str:
    """The report as JSON in ASCII, two spaces to a level, with secrets blotted out."""
    return json.dumps(_fit(_report(report)), indent=2) + "\n"


def _report(report: Report) -> Object:
    server, baseline = report.server, report.baseline
    return {
        "format": "migsafe.report/1",
        "migsafe": migsafe.__version__,
        "command": report.command,
        "verdict": VERDICTS[report.verdict],
        "seconds": round(report.seconds, 3),
        "counts": _counts(count(report)),
        "history": report.history,
        "server": server
        and {
            "kind": server.kind,
            "version": server.version,
            "passed_over": [{"kind": kind, "reason": reason} for kind, reason in server.passed_over.items()],
            "cloning": [
                {"way": each.way, "databases": each.databases, "seconds": round(each.seconds, 3)}
                for each in server.cloning
            ],
        },
        "baseline": baseline
        and {
            "source": baseline.source,
            "revision": baseline.revision,
            "tables": baseline.tables,
            "rows": baseline.rows,
        },
        "migrations": [_migration(migration) for migration in report.migrations],
        "findings": [_finding(finding) for finding in report.findings],
        "not_checked": [{"subject": subject, "reason": reason} for subject, reason in report.not_checked.items()],
    }


def _counts(counts: Counts) -> Object:
    return {
        "migrations": counts.migrations,
        "passed": counts.passed,
        "failed": counts.failed,
        "not_checked": counts.not_checked,
        "errors": counts.errors,
        "warnings": counts.warnings,
        "notes": counts.notes,
    }


def _migration(migration: MigrationReport) -> Object:
    return {
        "version": migration.version,
        "description": migration.description,
        "files": [file.as_posix() for file in migration.files],
        "checks": [_check(check) for check in migration.checks],
        "statements": [_statement(statement) for statement in migration.statements],
        "not_traced": migration.not_traced or None,
        "second_run": migration.second_run and _second_run(migration.second_run),
        "together": migration.together,
    }


def _second_run(run: SecondRun) -> Object:
    return {
        "foretold": run.foretold,
        "seen": run.seen,
        "comparison": run.comparison,
        "statements": [
            {"location": _location(each.location), "class": each.repeatable.value, "reason": each.reason or None}
            for each in run.statements
        ],
    }


def _check(check: CheckResult) -> Object:
    return {
        "check": check.check,
        "outcome": OUTCOMES[check.outcome],
        "answer": check.answer or None,
        "reason": check.reason or None,
        "seconds": round(check.seconds, 3),
        "findings": [_finding(finding) for finding in check.findings],
    }


def _finding(finding: Finding) -> Object:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "remedy": finding.remedy,
        "location": _location(finding.location),
        "evidence": [{"label": evidence.label, "text": evidence.text} for evidence in finding.evidence],
    }


def _location(location: Location) -> Object:
    return {
        "file": location.file.as_posix() if location.file else None,
        "line": location.line,
        "column": location.column,
        "object": location.object,
    }


def _statement(statement: Statement) -> Object:
    return {
        "sql": statement.sql,
        "started": round(statement.started, 3),
        "milliseconds": round(statement.milliseconds, 3),
        "command_tag": statement.command_tag,
        "rows": statement.rows,
        "transaction": statement.transaction,
        "state_after": statement.state_after,
        "location": _location(statement.location),
        "error": statement.error and _error(statement.error),
        "wal_bytes": statement.wal_bytes,
        "locks": [_lock(lock) for lock in statement.locks],
        "rewrites": [
            {"relation": rewrite.relation, "kind": rewrite.kind, "reason": rewrite.reason}
            for rewrite in statement.rewrites
        ],
        "scans": [{"relation": scan.relation, "rows": scan.rows, "whole": scan.whole} for scan in statement.scans],
        "scans_measured": statement.scans_measured,
        "scans_unmeasured": statement.scans_unmeasured or None,
        "lock_timeout": statement.lock_timeout,
        "growth": statement.growth and statement.growth.value,
    }


def _lock(lock: Lock) -> Object:
    return {
        "relation": lock.relation,
        "mode": lock.mode,
        "blocks": list(lock.blocks),
        "milliseconds": None if lock.milliseconds is None else round(lock.milliseconds, 3),
    }


def _error(error: ServerError) -> Object:
    return {
        "sqlstate": error.sqlstate,
        "severity": error.severity,
        "message": error.message,
        "detail": error.detail,
        "hint": error.hint,
        "position": error.position,
        "where": error.where,
        "schema": error.schema,
        "table": error.table,
        "column": error.column,
        "constraint": error.constraint,
    }


def _fit(value: Any) -> Any:
    """The same value with every text fit for JSON: no secrets, and no halves of surrogate pairs (from file names)."""
    if isinstance(value, str):
        return blotted(value).encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, Mapping):
        return {name: _fit(each) for name, each in value.items()}
    return [_fit(each) for each in value] if isinstance(value, list) else value
