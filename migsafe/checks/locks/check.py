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

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.checks.locks.held import moments, stops
from migsafe.checks.locks.taken import concurrently_in_transaction, no_timeout, several_tables
from migsafe.checks.locks.work import work_finding
from migsafe.findings import CheckResult, Outcome, Severity

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment

LOCKS = "locks"


def check_locks(experiment: Experiment) -> CheckResult:
    """The four answers as above; not checked as well where the migration failed, or its locks could not be seen."""
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
    worked = [(moment, finding) for moment in seen if (finding := work_finding(moment, budget, place))]
    found = (*(finding for _, finding in worked), *no_timeout(seen, place), *several_tables(seen, place))
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    if errors:
        return CheckResult(LOCKS, Outcome.FAILED, "grows", errors[0].message, found)
    if not experiment.sizes.one_is_enough and any(moment.statement.growth is None for moment, _ in worked):
        reason = "; ".join(unmeasured(experiment)) or "a statement of the one size has no like on the other"
        return CheckResult(LOCKS, Outcome.NOT_CHECKED, "unknown", reason, found)
    answer = "brief" if any(moment.taken for moment in seen) else "free"
    return CheckResult(LOCKS, Outcome.PASSED, answer, findings=found)


def unmeasured(experiment: Experiment) -> tuple[str, ...]:
    """What of the work at two sizes, and which of the tables that are locked, was not measured, and why."""
    return tuple(_unmeasured(experiment)) if experiment.applied.succeeded else ()


def _unmeasured(experiment: Experiment) -> Iterator[str]:
    sizes, rows = experiment.sizes, experiment.rows_before
    locked = {lock.relation for each in experiment.applied.statements for lock in each.locks if stops(lock)}
    if empty := sorted(table for table in locked if rows.get(table) == 0):
        yield f"{', '.join(empty)}: there is no row"
    yield from (f"{table}: can't be multiplied, {why}" for table, why in sizes.refused.items() if table in locked)
    if sizes.reason:
        yield sizes.reason
