"""What is asked of all new migrations together, once each of them has been looked at by itself.

*order*: branches that don't know of each other lead to the same, whichever is applied first. *fresh*: a database that
all migrations make from nothing has the schema of one that came as a dump and got the new ones. The rollback check asks
once more over all of them: down to the base one after the other, and up again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.baseline import replay
from migsafe.checks.excuses import unexcused
from migsafe.checks.rollback.check import check_rollback
from migsafe.checks.rollback.findings import errors_of
from migsafe.checks.samples import changes
from migsafe.errors import BaselineError
from migsafe.findings import CheckResult, Evidence, Finding, Outcome, Severity
from migsafe.history.together import Together
from migsafe.plain import first_lines
from migsafe.schema.diff import compare_schemas

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment
    from migsafe.findings import MigrationReport
    from migsafe.history.model import Migration
    from migsafe.sandbox import Sandbox, TracedRun
    from migsafe.schema.diff import SchemaDifference
    from migsafe.schema.model import Schema

LINES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class AllNew:
    """All new migrations as one step, and what was said of each.

    The ``experiment``'s history applies them one by one and takes them back likewise. ``sandbox`` has the history as it
    is, ``old`` the versions before them. ``brought`` says that the baseline came with them applied, and was not made by
    running them.
    """

    experiment: Experiment
    sandbox: Sandbox
    new: tuple[Migration, ...]
    old: frozenset[str]
    reports: tuple[MigrationReport, ...]
    brought: bool


TogetherCheck = Callable[[AllNew], "CheckResult | str"]
"""One claim about all of them; a text says why it has nothing to say, and an empty one that nobody would ask."""


def check_way_back(all_new: AllNew) -> CheckResult | str:
    """As :func:`check_rollback`, over all of them, where each of them passed it by itself."""
    if len(all_new.new) < 2:
        return ""
    results = {
        report.version: check for report in all_new.reports for check in report.checks if check.check == "rollback"
    }
    for version, result in results.items():
        if result.answer == "absent" or result.outcome is not Outcome.PASSED:
            return f"{version} by itself is {result.answer or 'not checked'}"
    return check_rollback(all_new.experiment)


def check_order(all_new: AllNew) -> CheckResult | str:
    """Branches in the opposite order, on a clone of the base: the state must be the same but for columns' places."""
    other = other_order(all_new.new)
    if other == all_new.new:
        return ""
    experiment = all_new.experiment
    sandbox = all_new.sandbox.running(Together(all_new.sandbox.history, other))
    with sandbox.scratch("order", template=experiment.before) as database:
        run = sandbox.upgrade(database, None)
        if not run.succeeded:
            return _order_matters("fails", "The new migrations fail in another order", other, errors_of(run))
        difference = unexcused(experiment, sandbox.state(database))
        if not difference:
            return CheckResult("order", Outcome.PASSED, "same", f"as in the order {_versions(other)}")
        changed = changes(sandbox, experiment.after, database, difference)
        return _order_matters("differs", "The new migrations lead elsewhere in another order", other, changed)


def _order_matters(answer: str, message: str, order: Sequence[Migration], evidence: Sequence[Evidence]) -> CheckResult:
    message = f"{message}: {_versions(order)}."
    finding = Finding(
        rule=f"order-{answer}",
        severity=Severity.ERROR,
        message=message,
        remedy="Put one of them after the other (down_revision or depends_on), so that there is one order.",
        evidence=tuple(evidence),
    )
    return CheckResult("order", Outcome.FAILED, answer, message, (finding,))


def other_order(migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """An order that keeps what must come after what, and turns round all else as far as it goes."""
    waiting, found = list(migrations), []
    while waiting:
        missing = {each.version for each in waiting}
        free = [each for each in waiting if not missing & {*each.parents}]
        found.append(free[-1])
        waiting.remove(free[-1])
    return tuple(found)


def _versions(order: Sequence[Migration]) -> str:
    return ", ".join(each.version for each in order)


def check_fresh(all_new: AllNew) -> CheckResult | str:
    """From nothing against from the dump: the schemas, without owners and privileges, which a dump leaves out."""
    if not all_new.brought:
        return "the baseline is itself made by the migrations, from nothing"
    sandbox, experiment = all_new.sandbox, all_new.experiment
    with sandbox.scratch("fresh") as database:
        drift: Sequence[str] = ()
        if sandbox.history.stepwise:
            try:
                replay(sandbox, database, all_new.old, lambda _: None)
            except BaselineError as error:
                return f"no database can be made from nothing: {error}"
            drift = _differing(_schema(sandbox, database), experiment.state_before.schema)
        run = experiment.sandbox.upgrade(database, experiment.step.target)
        if not run.succeeded:
            return _fails(run) if sandbox.history.stepwise else f"no database can be made from nothing: {_refusal(run)}"
        found = _differing(_schema(sandbox, database), experiment.state_after.schema)
    return _compared(found, {*drift})


def _schema(sandbox: Sandbox, database: str) -> Schema:
    return sandbox.state(database).schema


def _differing(fresh: Schema, upgraded: Schema) -> tuple[str, ...]:
    difference: SchemaDifference = compare_schemas(fresh, upgraded).without_privileges().without_positions()[0]
    return tuple(_lines(difference))


def _lines(difference: SchemaDifference) -> Iterator[str]:
    yield from (f"{item}: only in the fresh one" for item in difference.removed)
    yield from (f"{item}: only in the upgraded one" for item in difference.added)
    yield from (f"{change.new}: {field}" for change in difference.changed for field in change.fields)


def _compared(found: Sequence[str], drift: set[str]) -> CheckResult:
    sides = {"differs": [each for each in found if each not in drift], "drifted": [e for e in found if e in drift]}
    messages = {
        "differs": "After the new migrations a fresh database and an upgraded one have different schemas.",
        "drifted": "The baseline and a fresh database had different schemas before the new migrations already.",
    }
    findings = tuple(
        Finding(
            rule=f"fresh-{answer}",
            severity=Severity.ERROR if answer == "differs" else Severity.WARNING,
            message=messages[answer],
            remedy="Write a migration that makes both the same; mind IF NOT EXISTS, which passes over what is another.",
            evidence=(Evidence("fresh → upgraded", _cut(lines)),),
        )
        for answer, lines in sides.items()
        if lines
    )
    if sides["differs"]:
        return CheckResult("fresh", Outcome.FAILED, "differs", messages["differs"], findings)
    return CheckResult("fresh", Outcome.PASSED, "drifted" if findings else "same", findings=findings)


def _fails(run: TracedRun) -> CheckResult:
    message = f"A fresh database can't be made: a new migration fails after all that come before it: {_refusal(run)}"
    finding = Finding(
        rule="fresh-fails",
        severity=Severity.ERROR,
        message=message,
        remedy="Let the migration work on what the migrations before it make, not only on the baseline.",
        location=run.run.failure.location if run.run.failure else run.statements[-1].location,
        evidence=tuple(errors_of(run)),
    )
    return CheckResult("fresh", Outcome.FAILED, "fails", message, (finding,))


def _refusal(run: TracedRun) -> str:
    return run.error.partition("\n")[0]


def _cut(lines: Sequence[str]) -> str:
    return "\n".join(first_lines(lines, LINES_SHOWN))


TOGETHER: Mapping[str, TogetherCheck] = {"rollback": check_way_back, "order": check_order, "fresh": check_fresh}
"""By the name of the check."""
