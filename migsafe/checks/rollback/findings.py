"""What the rollback check says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.checks.data.findings import evidence_of
from migsafe.findings import STATEMENT, Evidence, Finding, Location, Severity
from migsafe.plain import first_lines, many
from migsafe.rows.survival import Survival
from migsafe.schema.diff import topmost
from migsafe.state import compare_states

if TYPE_CHECKING:
    from migsafe.checks.data.findings import Ending
    from migsafe.checks.experiment import Experiment
    from migsafe.checks.rollback.run import Return
    from migsafe.rows.contents import TableChange
    from migsafe.sandbox import TracedRun
    from migsafe.schema.diff import SchemaDifference
    from migsafe.schema.model import SchemaObject

LINES_SHOWN = 20

BROKEN, LOSSY, AGAIN = "rollback-broken", "rollback-lossy", "rollback-not-again"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is broken, what doesn't come back, what becomes of new rows, and what is only to be known of it all."""

    broken: tuple[Finding, ...] = ()
    lossy: tuple[Finding, ...] = ()
    new_rows: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    def and_then(self, other: Judged) -> Judged:
        """Both, this one's first."""
        return Judged(
            (*self.broken, *other.broken),
            (*self.lossy, *other.lossy),
            (*self.new_rows, *other.new_rows),
            (*self.notes, *other.notes),
        )


def absent(experiment: Experiment, reason: str) -> Finding:
    """There is none where the settings want one."""
    return Finding(
        rule="rollback-absent",
        severity=Severity.ERROR,
        message=f"{reason[0].upper()}{reason[1:]}, and the settings require one ([checks] rollback).",
        remedy="Write what takes the migration back, or say in an ignore comment why there can be nothing.",
        location=experiment.step.way_back,
    )


def fails(experiment: Experiment, back: Return) -> Finding:
    """The tool failed on the way."""
    failure = back.run.run.failure
    assert failure is not None
    left = compare_states(experiment.state_after, back.state).describe(LINES_SHOWN)
    return _broken(
        experiment,
        f"The way back fails: {_error(back.run)}",
        "Try it on rows like these: what the migration made may be in use by the time that it is taken back.",
        [
            *errors_of(back.run),
            Evidence("left behind", "\n".join(left) or "nothing: the database is as the migration left it"),
        ],
        failure.location if failure.location != Location() else experiment.step.way_back,
    )


def breaks_on_new_rows(
    experiment: Experiment, back: Return, rows: Mapping[str, int], left_out: Sequence[str]
) -> Finding:
    """The tool failed on the way, and doesn't without the rows that were written between."""
    failure = back.run.run.failure
    assert failure is not None
    written = [f"{table}: {many(count, 'row')}" for table, count in sorted(rows.items())]
    evidence = [*errors_of(back.run), Evidence("written", _cut(written))]
    return Finding(
        rule="rollback-breaks-on-new-rows",
        severity=Severity.ERROR,
        message=f"The way back fails once the new application has written rows: {_error(back.run)}",
        remedy="Let it first bring what the new schema takes, and the old one doesn't, into the old form.",
        location=failure.location if failure.location != Location() else experiment.step.way_back,
        evidence=(*evidence, *([Evidence("not written", _cut(left_out))] if left_out else [])),
    )


def lossy_on_new_rows(experiment: Experiment, ending: Ending, *, fails: bool) -> Finding:
    """Old values or rows that come back, unless there are new rows."""
    of = many(ending.rows, "old value" if ending.column else "old row")
    how = _how(ending)
    verb = "does" if ending.count == 1 else "do"
    return Finding(
        rule="rollback-lossy-on-new-rows",
        severity=Severity.ERROR if fails else Severity.NOTE,
        message=f"Once the new application has written rows, {ending.count:,} of {of} of {ending.subject} {verb} not "
        f"come back{how}.",
        remedy="Let the way back touch only what it must, whatever else is in the table: name the rows, mind ON DELETE "
        "CASCADE, and merge nothing into what was there before."
        if fails
        else None,
        location=replace(experiment.step.way_back, object=ending.subject),
        evidence=tuple(evidence_of(ending)),
    )


def new_rows_end(experiment: Experiment, ending: Ending) -> Finding:
    """What becomes of the rows that were written between: for the user to know, whatever it is."""
    gone = ending.survival is Survival.DISAPPEARED
    verb = "is" if ending.count == 1 else "are"
    what = many(ending.rows, "value" if ending.column else "row")
    end = "gone" if gone else str(ending.survival)
    return Finding(
        rule="rollback-new-rows",
        severity=Severity.WARNING if gone else Severity.NOTE,
        message=f"Of what the new application wrote to {ending.subject}, {ending.count:,} of {what} {verb} {end} after "
        "the way back.",
        remedy="See whether the users' new rows may go with the way back, or keep them in a table of their own."
        if gone
        else None,
        location=replace(experiment.step.way_back, object=ending.subject),
        evidence=tuple(evidence_of(ending)),
    )


def other_schema(experiment: Experiment, schema: SchemaDifference) -> Finding:
    """Objects that are left over, missing, or others than before."""
    left, missing = topmost(schema.added), topmost(schema.removed)
    changed = [change.new for change in schema.changed]
    counts = {"left over": left, "missing": missing, "not as before": changed}
    said = [
        f"{_named(objects)} {'is' if len(objects) == 1 else 'are'} {word}"
        for word, objects in counts.items()
        if objects
    ]
    lines = {
        "left over": [str(each) for each in left],
        "missing": [str(each) for each in missing],
        "not as before": [f"{change.new}: {field}" for change in schema.changed for field in change.fields],
    }
    concerned = {each.name for objects in counts.values() for each in objects}
    place = experiment.step.way_back
    return _broken(
        experiment,
        f"After the way back {', '.join(said)}.",
        "Take back all that the migration does, in the opposite order. Indexes, defaults, triggers, comments and "
        "grants go with what they hang on, and must be made anew with it.",
        [Evidence(label, _cut(texts)) for label, texts in lines.items() if texts],
        replace(place, object=next(iter(concerned))) if len(concerned) == 1 else place,
    )


def not_booked(experiment: Experiment, lines: Sequence[str]) -> Finding:
    """The tool's own table tells another story."""
    return _broken(
        experiment,
        "After the way back the tool's own table is not as it was before the migration.",
        "See what the tool takes back in one go, and which migrations it takes along.",
        [Evidence("booked", _cut(lines))],
    )


def sequences(experiment: Experiment, lines: Sequence[str]) -> Finding:
    """Values that will be handed out a second time."""
    return _broken(
        experiment,
        "After the way back a sequence stands further back than it did, and will give values a second time.",
        "Set it with setval(…, max(…)) in the way back.",
        [Evidence("sequences", _cut(lines))],
    )


def left_over(experiment: Experiment, ending: Ending) -> Finding:
    """Rows that the migration brought are still there."""
    verb = "is" if ending.count == 1 else "are"
    return _broken(
        experiment,
        f"After the way back {many(ending.count, 'row')} of {ending.subject} {verb} left over.",
        "Delete them on the way back, or insert rows outside of migrations.",
        list(evidence_of(ending)),
        replace(experiment.step.way_back, object=ending.subject),
    )


def lossy(experiment: Experiment, ending: Ending, *, fails: bool) -> Finding:
    """Values or rows that don't come back; a note where the settings say that this is no failure."""
    of = many(ending.rows, "value" if ending.column else "row")
    how = _how(ending)
    verb = "does" if ending.count == 1 else "do"
    return Finding(
        rule=LOSSY,
        severity=Severity.ERROR if fails else Severity.NOTE,
        message=f"{ending.count:,} of {of} of {ending.subject} {verb} not come back{how}.",
        remedy="Keep the old values where the way back finds them (a column or a table of their own) until nobody goes "
        "back any more, or say in an ignore comment why they are not missed."
        if fails
        else None,
        location=replace(experiment.step.way_back, object=ending.subject),
        evidence=tuple(evidence_of(ending)),
    )


def _how(ending: Ending) -> str:
    if ending.survival in (Survival.LOST, Survival.DISAPPEARED):
        return ""
    return f": {'it is' if ending.count == 1 else 'they are'} {ending.survival}"


def other_contents(experiment: Experiment, table: TableChange, reason: str, samples: Sequence[Evidence]) -> Finding:
    """A table that holds something else, of which no more can be said; one that was empty has lost nothing."""
    why = f" Which rows these are can't be told: {reason}." if reason else ""
    return Finding(
        rule=LOSSY if table.row_counts[0] else BROKEN,
        severity=Severity.ERROR,
        message=f"After the way back {table.name} does not hold what it held.{why}"
        if table.row_counts[0]
        else f"After the way back {many(table.row_counts[1], 'row')} of {table.name} are left over.",
        remedy="Give the way back what it needs to bring the old values to their old places."
        if table.row_counts[0]
        else "Delete them on the way back.",
        location=replace(experiment.step.way_back, object=table.name),
        evidence=(Evidence("changed", _cut(list(table.lines()))), *samples),
    )


def again_fails(experiment: Experiment, run: TracedRun) -> Finding:
    """After the way back there is no way forward."""
    return _again(experiment, f"After the way back the migration can't be applied again: {_error(run)}", errors_of(run))


def again_differs(experiment: Experiment, changed: Sequence[Evidence]) -> Finding:
    """The second way forward leads elsewhere."""
    return _again(experiment, "After the way back the migration leads elsewhere than at first.", changed)


def _again(experiment: Experiment, message: str, evidence: Sequence[Evidence]) -> Finding:
    return Finding(
        rule=AGAIN,
        severity=Severity.ERROR,
        message=message,
        remedy="Take back everything that the migration does, so that it finds what it found.",
        location=experiment.step.location,
        evidence=tuple(evidence),
    )


def _broken(
    experiment: Experiment, message: str, remedy: str, evidence: Sequence[Evidence], place: Location | None = None
) -> Finding:
    return Finding(BROKEN, Severity.ERROR, message, remedy, place or experiment.step.way_back, tuple(evidence))


def errors_of(run: TracedRun) -> list[Evidence]:
    """What the server said to the statement that it refused, or the tool's last words."""
    refused, failure = run.failed_statement, run.run.failure
    if refused is None or refused.error is None:
        return [Evidence("error", failure.message)] if failure else []
    said = {"error": refused.error.message, "sqlstate": refused.error.sqlstate, "detail": refused.error.detail}
    return [*(Evidence(label, text) for label, text in said.items() if text), Evidence(STATEMENT, refused.sql.strip())]


def _error(run: TracedRun) -> str:
    return run.error.partition("\n")[0].rstrip(".") + "."


def _named(objects: Sequence[SchemaObject]) -> str:
    """``index public.t_v`` for one, ``3 objects`` for more."""
    return str(objects[0]) if len(objects) == 1 else f"{len(objects)} objects"


def _cut(lines: Sequence[str]) -> str:
    return "\n".join(first_lines(lines, LINES_SHOWN))
