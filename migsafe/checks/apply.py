"""Claim: the migration succeeds on real rows, not only on an empty database.

Method: the project's own tool applies it to a clone of the baseline. Limits: the rows are the baseline's; a value that
only production has can still stop it there.
"""

from __future__ import annotations

from migsafe.checks.culprits import culprit_rows
from migsafe.checks.experiment import Experiment
from migsafe.findings import CheckResult, Evidence, Finding, Location, Outcome, Severity, Statement
from migsafe.state import compare_states

DIFFERENCES_SHOWN = 10


def check_apply(experiment: Experiment) -> CheckResult:
    """Passed if the tool said success; otherwise one finding with all that the server and the tool said."""
    applied = experiment.applied
    if applied.succeeded:
        return CheckResult("apply", Outcome.PASSED, answer="applies", seconds=applied.run.seconds)
    return CheckResult(
        "apply",
        Outcome.FAILED,
        answer="fails",
        reason="the migration fails on the baseline's rows",
        findings=(_failure(experiment),),
        seconds=applied.run.seconds,
    )


def _failure(experiment: Experiment) -> Finding:
    failure, statement = experiment.applied.run.failure, experiment.applied.failed_statement
    assert failure is not None
    return Finding(
        rule="apply-fails",
        severity=Severity.ERROR,
        message=statement.error.message if statement and statement.error else failure.message,
        remedy="Make the migration work on these rows: correct or move them first, in the migration or before it.",
        location=failure.location if failure.location != Location() else experiment.step.location,
        evidence=(
            *_server_evidence(experiment, statement),
            *([Evidence("where", failure.excerpt)] if failure.excerpt else []),
            *([Evidence("tool", failure.message)] if statement and failure.message != statement.error_message else []),
            *_left_behind(experiment),
        ),
    )


def _server_evidence(experiment: Experiment, statement: Statement | None) -> list[Evidence]:
    if statement is None or statement.error is None:
        return []
    error = statement.error
    fields = {
        "sqlstate": error.sqlstate,
        "detail": error.detail,
        "hint": error.hint,
        "context": error.where,
        "statement": statement.sql.strip(),
    }
    evidence = [Evidence(label, text) for label, text in fields.items() if text]
    with experiment.sandbox.connect(experiment.before) as connection:
        rows = culprit_rows(connection, error)
    return [*evidence, Evidence("rows", "\n".join(rows))] if rows else evidence


def _left_behind(experiment: Experiment) -> list[Evidence]:
    difference = compare_states(experiment.state_before, experiment.state_after)
    if not difference:
        return [Evidence("left behind", "nothing: the database is as it was before")]
    return [Evidence("left behind", "\n".join(difference.describe(DIFFERENCES_SHOWN)))]
