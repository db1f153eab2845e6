"""Claim: the migration's own way back leads to the database as it was before, and forward again from there.

Method: the project's tool applies the migration to a clone of the baseline and takes it back. The state must then be
the baseline's, schema and rows of every column; what rows hold is compared as the data check compares it, so that each
column that doesn't come back is named with the count. Sequences are put back to where they stood, and the tool applies
the migration again, which must lead to where it led before. Where the schema changed, it goes back once more with a few
rows written between (:mod:`migsafe.checks.rollback.new_rows`), as the new application would write them.

Four answers: *lossless*; *lossy* (values or rows don't come back); *broken* (the tool fails on the way, objects or rows
are left over, missing or others, or the migration can't be applied again); *absent* (there is no way back, or it does
nothing). Broken fails; lossy does so where it became of a value what ``[checks] data_fails`` names, and absent with
``rollback = "required"``.

Limits: a column that comes back in another place among the others is no harm, and neither is a sequence that stands
further on. A materialized view that comes back refreshed is none either, nor is a label that an enum keeps: PostgreSQL
takes none from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.checks.data.check import what_became
from migsafe.checks.data.sides import Clones, Kept
from migsafe.checks.excuses import unexcused
from migsafe.checks.rollback.findings import (
    Judged,
    absent,
    again_differs,
    again_fails,
    fails,
    left_over,
    lossy,
    not_booked,
    other_contents,
    other_schema,
    sequences,
)
from migsafe.checks.rollback.new_rows import judge_with_new_rows
from migsafe.checks.rollback.run import Return, go_back, put_sequences_back, sequences_behind
from migsafe.checks.samples import changes, row_samples
from migsafe.findings import CheckResult, Finding, Outcome, Severity
from migsafe.rows.survival import Survival
from migsafe.state import compare_states, without_refreshed

if TYPE_CHECKING:
    from migsafe.checks.data.findings import Ending
    from migsafe.checks.experiment import Experiment
    from migsafe.state import StateDifference

STILL_NEEDED = "2B"
"""The class of errors of ``DROP ROLE`` and its kin for what another database still needs (manual, appendix A)."""


def check_rollback(experiment: Experiment) -> CheckResult:
    """The four answers as above; not checked when the first run failed."""
    if not experiment.applied.succeeded:
        return CheckResult("rollback", Outcome.NOT_CHECKED, reason="the migration failed")
    if not experiment.sandbox.history.goes_back(experiment.step.target):
        return _absent(experiment, "there is no way back")
    with experiment.sandbox.scratch("back", template=experiment.after) as database:
        back = go_back(experiment, database)
        difference = compare_states(experiment.state_before, back.state)
        if difference and back.does_nothing(experiment):
            return _absent(experiment, "the way back does nothing")
        if reason := _held_by_clones(experiment, back):
            return CheckResult("rollback", Outcome.NOT_CHECKED, reason=reason)
        written = Judged()
        asked = back.run.succeeded and experiment.state_after.schema != experiment.state_before.schema
        if asked and not experiment.server_changes:
            written = judge_with_new_rows(experiment, Kept(database, back.state.contents))
        judged = judge(experiment, database, back, difference)
    if asked and experiment.server_changes and not judged.broken:
        # Only now is what belongs to the whole server there again, to be taken back once more.
        written = judge_with_new_rows(experiment, None)
    return _result(judged if judged.broken else judged.and_then(written))


def _absent(experiment: Experiment, reason: str) -> CheckResult:
    if experiment.settings.rollback == "required":
        finding = absent(experiment, reason)
        return CheckResult("rollback", Outcome.FAILED, "absent", f"{reason}, and one is required", (finding,))
    return CheckResult("rollback", Outcome.PASSED, "absent", reason)


def _held_by_clones(experiment: Experiment, back: Return) -> str:
    """Why the way back could not be tried, where what belongs to the whole server is needed by the other clones."""
    refused = back.run.failed_statement
    if not experiment.server_changes or not refused or not refused.error:
        return ""
    if not refused.error.sqlstate.startswith(STILL_NEEDED):
        return ""
    return f"the migration changes the whole server, and other clones of it still need that: {refused.error.message}"


def judge(experiment: Experiment, database: str, back: Return, difference: StateDifference) -> Judged:
    """What the way back led to, in ``database``, which is used up. ``difference`` is from the baseline to there."""
    if not back.run.succeeded:
        return Judged((fails(experiment, back),))
    schema, moved = difference.schema.without_positions()
    schema, labels = schema.without_new_labels()
    difference, refreshed = without_refreshed(experiment.state_before, replace(difference, schema=schema))
    broken = [other_schema(experiment, schema)] if schema else []
    broken += [not_booked(experiment, back.books)] if back.books else []
    behind = sequences_behind(experiment, database, difference)
    broken += [sequences(experiment, behind)] if behind else []
    rows = tuple(_rows(experiment, database, back, difference))
    broken += [each for each in rows if each.rule == "rollback-broken"]
    gone = tuple(each for each in rows if each.rule == "rollback-lossy")
    if not broken:
        broken += _again(experiment, database, compare=not gone)
    notes = [f"columns in another place: {', '.join(moved)}"] if moved else []
    notes += [f"labels that stay: {', '.join(labels)}"] if labels else []
    notes += [f"materialized views that were stale: {', '.join(refreshed)}"] if refreshed else []
    return Judged(tuple(broken), gone, notes=tuple(notes))


def _rows(experiment: Experiment, database: str, back: Return, difference: StateDifference) -> Iterator[Finding]:
    """What doesn't hold what it held, column by column; of what can't be told so exactly, the first rows."""
    changed = {table.name: table for table in difference.contents.tables if table.old}
    if not changed:
        return
    sandbox, target = experiment.sandbox, experiment.step.target
    before = Kept(experiment.before, experiment.state_before.contents)

    def there_and_back(clone: str) -> bool:
        return sandbox.upgrade(clone, target).succeeded and sandbox.downgrade(clone, target).succeeded

    clones = Clones(sandbox, before, Kept(database, back.state.contents), there_and_back)
    endings, not_compared = what_became(clones, replace(experiment.settings, moved={}))
    told = {name for each in endings for name in each.table.leaves}
    yield from (_finding(experiment, each) for each in endings)
    for name in sorted(changed.keys() - told):
        contents = replace(difference.contents, tables=(changed[name],), sequences=())
        samples = row_samples(sandbox, experiment.before, database, replace(difference, contents=contents))
        yield other_contents(experiment, changed[name], not_compared.get(name, ""), samples)


def _finding(experiment: Experiment, ending: Ending) -> Finding:
    """What the migration changed and the way back leaves so is meant like that; a column made anew has lost its own."""
    if ending.survival is Survival.APPEARED:
        return left_over(experiment, ending)
    anew = ending.column and ending.new and ending.new.number != ending.column.number
    survival = Survival.LOST if anew and ending.survival is Survival.CHANGED else ending.survival
    return lossy(experiment, ending, fails=survival in experiment.settings.data_fails)


def _again(experiment: Experiment, database: str, *, compare: bool) -> Iterator[Finding]:
    """Apply the migration once more; ``compare`` says that it must lead to where it led before."""
    sandbox = experiment.sandbox
    if compare:
        with sandbox.connect(database) as connection:
            put_sequences_back(connection, experiment.state_before.contents)
    run = sandbox.upgrade(database, experiment.step.target)
    if not run.succeeded:
        yield again_fails(experiment, run)
    elif compare:
        difference = unexcused(experiment, sandbox.state(database))
        if difference:
            yield again_differs(experiment, changes(sandbox, experiment.after, database, difference))


def _result(judged: Judged) -> CheckResult:
    findings = (*judged.broken, *judged.lossy, *judged.new_rows)
    if not judged.broken and not judged.lossy:
        reasons = [*(each.message.rstrip(".") for each in judged.new_rows[:REASONS_SHOWN]), *judged.notes]
        return CheckResult("rollback", Outcome.PASSED, "lossless", "; ".join(reasons), findings)
    answer = "broken" if judged.broken else "lossy"
    fails = any(finding.severity is Severity.ERROR for finding in findings)
    reason = "; ".join(finding.message.rstrip(".") for finding in findings[:REASONS_SHOWN])
    more = f"; and {len(findings) - REASONS_SHOWN} more" if len(findings) > REASONS_SHOWN else ""
    return CheckResult("rollback", Outcome.FAILED if fails else Outcome.PASSED, answer, reason + more, findings)


REASONS_SHOWN = 3
