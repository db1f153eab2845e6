"""Claim: the application of the release before goes on working on the new schema.

Method: the schemas before and after the step are read with their dependencies and compared as an application sees
them, by name. Both are of one database, so that a new name is known by oid and column number. Each change that takes
something away, or newly asks for something, is a finding with what depends on it and the two-step way. Where the new
application can't run before the step either, each finding says what it waits for: no order of deploying is safe then.

Limits: nobody asks the application; what it doesn't use breaks nothing, and wants an ignore comment with that reason.
Names inside dynamic SQL and function bodies are not followed. Each step is compared with the one before it, not with
the release that runs. Rows are the data check's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.differences.reading import read_catalog
from migsafe.findings import CheckResult, Finding, Outcome, Severity
from migsafe.postgres.tables import find_tables
from migsafe.schema.compatibility.judge import judge, with_order

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment
    from migsafe.schema.catalog import Catalog


def check_compatibility(experiment: Experiment) -> CheckResult:
    """Passed with warnings, or failed if ``[checks] compatibility`` says so; not checked after a failure."""
    if not experiment.applied.succeeded:
        return CheckResult("compatibility", Outcome.NOT_CHECKED, reason="the migration failed")
    before, after = (_read(experiment, database) for database in (experiment.before, experiment.after))
    findings = tuple(_placed(finding, experiment) for finding in with_order(judge(before, after, same_database=True)))
    fails = findings and experiment.settings.compatibility == "fail"
    return CheckResult(
        "compatibility",
        Outcome.FAILED if fails else Outcome.PASSED,
        answer="breaks" if findings else "compatible",
        reason=findings[0].message if fails else "",
        findings=findings,
    )


def _read(experiment: Experiment, database: str) -> Catalog:
    sandbox = experiment.sandbox
    with sandbox.connect(database) as connection:
        return read_catalog(connection, ignore=find_tables(connection, sandbox.history.version_tables))


def _placed(finding: Finding, experiment: Experiment) -> Finding:
    """In the step's file, and as severe as the settings want it."""
    severity = Severity.ERROR if experiment.settings.compatibility == "fail" else Severity.WARNING
    location = replace(experiment.step.location, object=finding.location.object)
    return replace(finding, severity=severity, location=location)
