"""Claim: the migration succeeds on real rows, not only on an empty database.

Method: the project's own tool applies it to a clone of the baseline. Limits: the rows are the baseline's; a value that
only production has can still stop it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migsafe.checks.culprits import culprit_rows
from migsafe.checks.experiment import Experiment
from migsafe.checks.transactions import never_committed
from migsafe.findings import CheckResult, Evidence, Finding, Location, Outcome, Severity, Statement
from migsafe.state import compare_states

DIFFERENCES_SHOWN = 10

NEVER_CAME = (
    "The command never connected to the sandbox: see that it works here, and that it takes its URL from the variable "
    "that [history] url_by names."
)


def check_apply(experiment: Experiment) -> CheckResult:
    """Passed if the tool said success; otherwise one finding with all that the server and the tool said."""
    applied, shared = experiment.applied, _shared(experiment)
    if not applied.succeeded:
        findings = (_failure(experiment), *shared)
        return CheckResult("apply", Outcome.FAILED, "fails", "the migration fails", findings, applied.run.seconds)
    lost = never_committed(applied.statements)
    if lost or applied.prepared:
        findings = (_never_committed(experiment, lost), *shared)
        return CheckResult("apply", Outcome.FAILED, "is lost", "it never commits", findings, applied.run.seconds)
    return CheckResult("apply", Outcome.PASSED, "applies", findings=shared, seconds=applied.run.seconds)


def _shared(experiment: Experiment) -> tuple[Finding, ...]:
    """A warning where the whole server was changed, which no state and no dump holds."""
    if not experiment.server_changes:
        return ()
    return (
        Finding(
            rule="apply-changes-server",
            severity=Severity.WARNING,
            message="The migration changes what all databases of a server have in common: no restore takes that back, "
            "and every further run of the migration meets it.",
            remedy="Make roles, databases and tablespaces where servers are set up (for the sandbox: [server] roles).",
            location=experiment.step.location,
            evidence=(Evidence("changed", "\n".join(experiment.server_changes)),),
        ),
    )


def _never_committed(experiment: Experiment, lost: Sequence[Statement]) -> Finding:
    evidence = {
        "statements": [statement.sql.strip() for statement in lost],
        "prepared transactions": experiment.applied.prepared,
    }
    return Finding(
        rule="apply-never-commits",
        severity=Severity.ERROR,
        message="The migration ends inside a transaction that it does not commit, and what it did there is lost."
        if lost
        else "The migration leaves a prepared transaction, which keeps its locks until somebody ends it.",
        remedy="End it with COMMIT, or leave BEGIN out." if lost else "End it with COMMIT PREPARED.",
        location=experiment.step.location,
        evidence=tuple(Evidence(label, "\n".join(lines)) for label, lines in evidence.items() if lines),
    )


def _failure(experiment: Experiment) -> Finding:
    failure, statement = experiment.applied.run.failure, experiment.applied.failed_statement
    assert failure is not None
    is_lost = not experiment.applied.connected and not experiment.sandbox.history.stepwise
    return Finding(
        rule="apply-fails",
        severity=Severity.ERROR,
        message=statement.error.message if statement and statement.error else failure.message,
        remedy=NEVER_CAME if is_lost else _remedy(statement),
        location=failure.location if failure.location != Location() else experiment.step.location,
        evidence=(
            *_server_evidence(experiment, statement),
            *([Evidence("where", failure.excerpt)] if failure.excerpt else []),
            *([Evidence("tool", failure.message)] if statement and failure.message != statement.error_message else []),
            *_left_behind(experiment),
        ),
    )


def _remedy(statement: Statement | None) -> str:
    """By the class of the error (PostgreSQL manual, appendix A): 22 and 23 are about rows."""
    if statement and statement.error and statement.error.sqlstate[:2] in ("22", "23"):
        return "Make the migration work on these rows: correct or move them first, in the migration or before it."
    return "Correct the migration; if it is right, let the baseline be like production."


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
    lines = (*difference.describe(DIFFERENCES_SHOWN), *_books_changed(experiment))
    return [Evidence("left behind", "\n".join(lines) or "nothing: the database is as it was before")]


def _books_changed(experiment: Experiment) -> Iterator[str]:
    """The version tables, which no state holds, if the failed run wrote in them: golang-migrate's is dirty then."""
    books = experiment.sandbox.books
    before, after = (books(database).last_rows for database in (experiment.before, experiment.after))
    for table, rows in after.items():
        if rows != before.get(table):
            yield f"version table {table}: {before.get(table, 'absent') or 'empty'} → {rows or 'empty'}"
