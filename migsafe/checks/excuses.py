"""What a database may hold differently after a crash and a second run, though nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.postgres.catalogs import contents_query
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.contents import ColumnName, SequenceChange
from migsafe.state import compare_states

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment
    from migsafe.state import State, StateDifference


@dataclass(frozen=True, slots=True)
class Excuses:
    """``volatile`` columns differ between two honest runs; ``fed`` are the columns that each sequence fills.

    A statement that is rolled back leaves its numbers taken: after it a sequence stands further on than in a run that
    was not cut off, and the rows that it numbers have other numbers.
    """

    volatile: frozenset[ColumnName]
    fed: Mapping[str, frozenset[ColumnName]]

    def take_from(self, difference: StateDifference) -> StateDifference:
        """What is left of a difference between the uninterrupted state (old) and another one (new).

        Columns with an excuse are compared by their counts of nulls only.
        """
        if not difference:
            return difference
        ahead = {change.name for change in difference.contents.sequences if _ahead(change)}
        kept = tuple(change for change in difference.contents.sequences if change.name not in ahead)
        difference = replace(difference, contents=replace(difference.contents, sequences=kept))
        return difference.without_values_of(self.volatile.union(*(self.fed.get(name, ()) for name in ahead)))


def _ahead(change: SequenceChange) -> bool:
    """Whether the sequence has moved on in its own direction from where it stood (from 0, both ways)."""
    if change.old is None or change.new is None:
        return False
    old, new = change.old, change.new
    return (abs(new.last_value), new.is_called) > (abs(old.last_value), old.is_called)


def read_excuses(experiment: Experiment) -> Excuses:
    """Runs the migration once more on another clone, if that was not done yet. Locks: none but on catalogs."""
    with experiment.sandbox.connect(experiment.after) as connection, consistent_reading(connection):
        rows = connection.execute(contents_query("fed_columns")).fetchall()
    return Excuses(experiment.volatile_columns, dict(_by_sequence(rows)))


def unexcused(experiment: Experiment, state: State) -> StateDifference:
    """What is otherwise in a state than after the first run, but for columns' places and what has an excuse."""
    difference = compare_states(experiment.state_after, state)
    difference = replace(difference, schema=difference.schema.without_positions()[0])
    return read_excuses(experiment).take_from(difference) if difference else difference


def _by_sequence(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, frozenset[ColumnName]]]:
    columns: dict[str, set[ColumnName]] = {}
    for sequence, table, column in rows:
        columns.setdefault(sequence, set()).add(ColumnName(table, column))
    for sequence, found in columns.items():
        yield sequence, frozenset(found)
