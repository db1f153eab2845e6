"""Where the sequences of two sides stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from migsafe.rows.contents import ColumnName, SequenceChange

if TYPE_CHECKING:
    from migsafe.comparison.choice import Matched
    from migsafe.rows.sequences import Sequence

Sequences: TypeAlias = "Mapping[str, Sequence]"
"""Of one side, by name."""


@dataclass(frozen=True, slots=True)
class SequencesDifference:
    """Sequences that stand elsewhere, warnings of those that lie behind their column, and those that one side lacks.

    Of the last, those that fill a table which one side lacks are left out: that table is named already.
    """

    changes: tuple[SequenceChange, ...] = ()
    behind: tuple[str, ...] = ()
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()


def compare_sequences(old: Sequences, new: Sequences, pairs: Collection[Matched]) -> SequencesDifference:
    """Compare by name, or, where the new side has no such name, by the column that is filled."""
    tables = {each.old: each for each in pairs}
    lone = {each.column: each for name, each in new.items() if each.column and name not in old}
    partners = {
        name: new.get(name) or next((lone[column] for column in _counterpart(each, tables) if column in lone), None)
        for name, each in old.items()
    }
    known = {each.name for each in partners.values() if each}
    changes = (SequenceChange(name, old[name].position, each.position) for name, each in partners.items() if each)
    return SequencesDifference(
        changes=tuple(change for change in changes if change.old != change.new),
        behind=(*_warnings("old side", old.values()), *_warnings("new side", new.values())),
        only_old=_named((each for name, each in old.items() if not partners[name]), tables),
        only_new=_named((each for name, each in new.items() if name not in known), {each.new for each in pairs}),
    )


def _counterpart(sequence: Sequence, tables: Mapping[str, Matched]) -> Iterator[ColumnName]:
    """The column that it fills, if its table is compared, by the name on the new side."""
    column = sequence.column
    if column and column.table in tables:
        pair = tables[column.table]
        yield ColumnName(pair.new, pair.renamed.get(column.column, column.column))


def _warnings(side: str, sequences: Iterable[Sequence]) -> Iterator[str]:
    yield from (f"{side}: {sequence.warning}" for sequence in sequences if sequence.behind)


def _named(sequences: Iterable[Sequence], tables: Collection[str]) -> tuple[str, ...]:
    return tuple(each.name for each in sequences if each.column is None or each.column.table in tables)
