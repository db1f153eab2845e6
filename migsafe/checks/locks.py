"""Claim: no application waits for this migration longer the more rows there are.

Method: the locks of each statement are those that the server told of while the step was applied. Where one keeps reads
or writes from a table with rows, the migration is run on more rows and on four times as many
(:mod:`migsafe.checks.sizes`), so that each statement's work is known to be constant or growing. Growing work
under such a lock fails; constant work doesn't, and is a warning where it takes longer than the budget.

Four answers: *free* (no lock keeps anybody from a table that has rows), *brief* (only for work that doesn't grow),
*grows*, *unknown* (work under a lock that could not be measured at two sizes: not checked).

Limits: what functions lock in statements that are a transaction of their own, and commit inside it, isn't seen. Tables
that are empty in the baseline are not judged. The time that is measured is a lower bound: nobody else uses the sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.checks.locks_held import Moment, moments, stops
from migsafe.checks.locks_taken import concurrently_in_transaction, no_timeout, several_tables
from migsafe.checks.locks_work import work_findings
from migsafe.findings import CheckResult, Outcome, Severity

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment

LOCKS = "locks"


def check_locks(experiment: Experiment) -> CheckResult:
    """The four answers as above; not checked as well where the migration failed, or its locks could not be seen."""
    started = time.monotonic()
    return replace(_check(experiment), seconds=time.monotonic() - started)


def _check(experiment: Experiment) -> CheckResult:
    applied, place = experiment.applied, experiment.step.location
    if not applied.succeeded:
        refused = tuple(concurrently_in_transaction(applied.statements, place))
        if refused:
            return CheckResult(LOCKS, Outcome.FAILED, "refused", refused[0].message, refused)
        return CheckResult(LOCKS, Outcome.NOT_CHECKED, reason="the migration failed")
    if applied.not_traced:
        return CheckResult(LOCKS, Outcome.NOT_CHECKED, reason=applied.not_traced)
    seen = tuple(moments(experiment.statements, experiment.rows_before, experiment.sizes.measured))
    budget = experiment.settings.lock_budget
    worked = [(moment, finding) for moment in seen for finding in work_findings(moment, budget, place)]
    found = (*(finding for _, finding in worked), *no_timeout(seen, place), *several_tables(seen, place))
    notes = "; ".join(_notes(experiment, seen))
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if errors:
        reason = f"{errors[0].message} ({notes})" if notes else errors[0].message
        return CheckResult(LOCKS, Outcome.FAILED, "grows", reason, found)
    if experiment.settings.lock_rows and any(moment.statement.growth is None for moment, _ in worked):
        reason = notes or "it could not be told which statement of one size is which of the other"
        return CheckResult(LOCKS, Outcome.NOT_CHECKED, "unknown", reason, found)
    answer = "brief" if any(moment.taken for moment in seen) else "free"
    return CheckResult(LOCKS, Outcome.PASSED, answer, notes, found)


def _notes(experiment: Experiment, seen: Sequence[Moment]) -> Iterator[str]:
    """What of the tables that are locked was not measured, and why."""
    locked = {lock.relation for moment in seen for lock in moment.statement.locks if stops(lock)}
    yield from (
        f"{table} could not be multiplied: {why}" for table, why in experiment.sizes.refused.items() if table in locked
    )
    empty = sorted(table for table in locked if experiment.rows_before.get(table) == 0)
    if empty:
        yield f"not measured, without a row: {', '.join(empty)}"
    if experiment.sizes.reason:
        yield experiment.sizes.reason
