"""Claim: running the migration a second time does no harm.

Method: first once more through the tool as it stands, which must do nothing; then with the version table put back as
it was before, so that the tool runs the migration again, as it would after a crash between the work and the book entry.

Four answers: *idempotent* (nothing changed), *refuses* (an error, and nothing changed), *diverges* (it changed
something again), *stuck* (an error, and something changed). The last two fail. *Refuses* is clean for a migration that
runs in one transaction, because a crash rolls it back whole; it fails for one that commits more than once.

Limits: a column that two honest first runs fill differently (``now()``, ``gen_random_uuid()``) is compared by its count
of nulls only, and the finding says so. Sequences advance even when a statement is rolled back, so their position is
not held against a run that refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from migsafe.checks.experiment import Experiment
from migsafe.checks.samples import changes
from migsafe.checks.transactions import durable_transactions
from migsafe.findings import STATEMENT, CheckResult, Evidence, Finding, Outcome, Severity
from migsafe.postgres.tables import find_tables
from migsafe.sandbox import TracedRun
from migsafe.state import StateDifference, compare_states


def check_apply_twice(experiment: Experiment) -> CheckResult:
    """The four answers as above; not checked when the first run failed or the tool's version table is unknown."""
    if not experiment.applied.succeeded:
        return CheckResult("apply-twice", Outcome.NOT_CHECKED, reason="the first run failed")
    with experiment.sandbox.scratch("twice", template=experiment.after) as database:
        return _idle_run(experiment, database) or _second_run(experiment, database)


def _idle_run(experiment: Experiment, database: str) -> CheckResult | None:
    """Run the tool with nothing to do; none when it rightly did nothing, or keeps no books to know it by."""
    sandbox = experiment.sandbox
    if not sandbox.history.version_tables:
        return None
    with sandbox.connect(database) as connection:
        if not find_tables(connection, sandbox.history.version_tables):
            names = ", ".join(str(table) for table in sandbox.history.version_tables)
            return CheckResult(
                "apply-twice",
                Outcome.NOT_CHECKED,
                reason=f"none of the version tables {names} exists; name the tool's own in [history] version_table",
            )
    run = sandbox.upgrade(database, experiment.step.target)
    difference = compare_states(experiment.state_after, sandbox.state(database))
    if run.succeeded and not difference:
        return None
    did = "changed the database" if run.succeeded else "failed"
    message = f"The tool was run again with nothing left to do, and it {did}."
    evidence = (*_error_of(run), *_changes(experiment, database, difference))
    return _failed(experiment, "diverges" if run.succeeded else "stuck", message, evidence)


def _second_run(experiment: Experiment, database: str) -> CheckResult:
    sandbox = experiment.sandbox
    sandbox.put_books_back(database, sandbox.books(experiment.before))
    run = sandbox.upgrade(database, experiment.step.target)
    difference = compare_states(experiment.state_after, sandbox.state(database))
    if run.succeeded:
        return _succeeded_again(experiment, database, difference)
    difference = difference.without_sequence_positions()
    if difference:
        evidence = (*_error_of(run), *_changes(experiment, database, difference))
        return _failed(experiment, "stuck", "The second run fails and leaves the database changed.", evidence)
    return _refused(experiment, run)


def _succeeded_again(experiment: Experiment, database: str, difference: StateDifference) -> CheckResult:
    note = ""
    if difference:
        volatile = experiment.volatile_columns
        difference = difference.without_values_of(volatile)
        note = f"compared by nulls only, since two first runs differ: {', '.join(sorted(map(str, volatile)))}"
    if difference:
        message = "The second run succeeds and changes the database again."
        return _failed(experiment, "diverges", message, _changes(experiment, database, difference))
    return CheckResult("apply-twice", Outcome.PASSED, answer="idempotent", reason=note)


def _refused(experiment: Experiment, run: TracedRun) -> CheckResult:
    transactions = durable_transactions(experiment.applied.statements, experiment.sandbox.history.version_tables)
    if experiment.idempotency_required:
        message = "The second run fails, and the settings require that every migration can be run again."
    elif transactions > 1:
        message = (
            f"The second run fails, and the migration commits {transactions} times: "
            "if it dies between two commits it can't be run again."
        )
    else:
        return CheckResult("apply-twice", Outcome.PASSED, answer="refuses", reason="it runs in one transaction")
    return _failed(experiment, "refuses", message, _error_of(run))


def _error_of(run: TracedRun) -> tuple[Evidence, ...]:
    refused, failure = run.failed_statement, run.run.failure
    if refused:
        return (Evidence("error", refused.error_message), Evidence(STATEMENT, refused.sql.strip()))
    return (Evidence("error", failure.message),) if failure else ()


def _changes(experiment: Experiment, database: str, difference: StateDifference) -> Sequence[Evidence]:
    return changes(experiment.sandbox, experiment.after, database, difference) if difference else ()


def _failed(experiment: Experiment, answer: str, message: str, evidence: Sequence[Evidence]) -> CheckResult:
    finding = Finding(
        rule=f"apply-twice-{answer}",
        severity=Severity.ERROR,
        message=message,
        remedy=_REMEDIES[answer],
        location=experiment.step.location,
        evidence=tuple(evidence),
    )
    return CheckResult("apply-twice", Outcome.FAILED, answer=answer, reason=message, findings=(finding,))


_REMEDIES = {
    "diverges": "Guard what is done again: ON CONFLICT DO NOTHING, WHERE the old value still stands, a name for every "
    "index and constraint, IF NOT EXISTS.",
    "stuck": "Run it in one transaction, or guard each statement with IF [NOT] EXISTS so that a second run passes over "
    "what the first one did.",
    "refuses": "Guard each statement with IF [NOT] EXISTS, or put what needs no CONCURRENTLY into one transaction and "
    "the rest into migrations of their own.",
}
