"""What the data check says of each column and table that did not stay as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.plain import many, value
from migsafe.rows.survival import Survival

if TYPE_CHECKING:
    from migsafe.rows.lineage import Relation, TypedColumn
    from migsafe.rows.matching import Sample


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of ``count`` values of a column, or rows of a table (``column`` is none), of ``rows`` there were.

    ``new`` is the column as it is now, none where it is gone. ``foreign_keys`` says which ones had a hand in it.
    """

    table: Relation
    column: TypedColumn | None
    new: TypedColumn | None
    survival: Survival
    count: int
    rows: int
    samples: tuple[Sample, ...] = ()
    foreign_keys: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return self.table.name_of(self.column) if self.column else self.table.name


def finding_of(ending: Ending, place: Location, *, fails: bool) -> Finding:
    """The finding, an error if the settings say that this fails the gate, otherwise a note."""
    return Finding(
        rule=f"data-{ending.survival}",
        severity=Severity.ERROR if fails else Severity.NOTE,
        message=_message(ending),
        remedy=_REMEDIES[ending.survival] if fails else None,
        location=replace(place, object=ending.subject),
        evidence=tuple(evidence_of(ending)),
    )


def not_comparable(name: str, reason: str, place: Location) -> Finding:
    """A table or column of which nothing can be said."""
    return Finding(
        rule="data-not-comparable",
        severity=Severity.WARNING,
        message=f"What became of {name} can't be known: {reason}.",
        remedy="Give the table a primary key that lasts, or say with an ignore comment why this is no harm.",
        location=replace(place, object=name),
    )


def _message(ending: Ending) -> str:
    values = many(ending.count, "value" if ending.column else "row")
    if ending.survival is Survival.LOST and ending.new is None:
        return f"The {'column' if ending.column else 'table'} is gone with {values} in it."
    if ending.survival is Survival.APPEARED:
        return f"{ending.subject}: {values} appeared."
    of = many(ending.rows, "value" if ending.column else "row")
    verb = ("is " if ending.count == 1 else "are ") if ending.column else ""
    return f"{ending.subject}: {ending.count:,} of {of} {verb}{ending.survival}."


def evidence_of(ending: Ending) -> Iterator[Evidence]:
    """The types, the first values or rows, and the foreign keys that had a hand in it."""
    if ending.column and ending.new and ending.column.declared != ending.new.declared:
        yield Evidence("type", f"{ending.column.declared} → {ending.new.declared}")
    if ending.samples:
        more = ending.count - len(ending.samples)
        lines = [*(_line(ending, sample) for sample in ending.samples), *([f"… and {more:,} more"] if more else [])]
        yield Evidence("values" if ending.column else "rows", "\n".join(lines))
    if ending.foreign_keys:
        yield Evidence("foreign key", "\n".join(ending.foreign_keys))


def _line(ending: Ending, sample: Sample) -> str:
    if ending.column is None:
        return f"{sample.key}: {sample.old}" if sample.key and sample.old else sample.key or sample.old or ""
    if ending.survival is Survival.LOST:
        return f"{sample.key}: {value(sample.old)}" if sample.key else value(sample.old)
    return f"{sample.key}: {value(sample.old)} → {value(sample.new)}"


_REMEDIES = {
    Survival.LOST: "Copy the values to where they belong first, and drop in a later release. Where they went to "
    "another table or column, say so in [checks] moved.",
    Survival.DISAPPEARED: "Narrow the DELETE, or move the rows elsewhere first; mind ON DELETE CASCADE.",
    Survival.NULLED: "Write the new value before the old one goes, and narrow the UPDATE with WHERE.",
    Survival.TRUNCATED: "Leave the type as wide as its longest value, or shorten what is too long by hand first.",
    Survival.ROUNDED: "Leave the type as exact as its values, or round them openly in a column of their own.",
    Survival.SHIFTED: "Name the zone in which the values are meant: USING at AT TIME ZONE 'UTC'.",
    Survival.CHANGED: "Keep the old values in a column of their own, or let the UPDATE pass them over with WHERE.",
    Survival.APPEARED: "Insert rows outside of migrations.",
    Survival.RETYPED: "",
    Survival.KEPT: "",
}
