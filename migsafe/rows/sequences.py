"""Where sequences stand, and which of them will hand out a value that their column has already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.postgres.catalogs import contents_query
from migsafe.rows.batches import Reading, read_all
from migsafe.rows.contents import ColumnName, SequencePosition
from migsafe.rows.tables import Chooses, everything

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence, where it stands, the column that it fills, and the last value in the sequence's direction there.

    That column owns it, or its default calls for it: of several, the one that is furthest.
    """

    name: str
    position: SequencePosition
    increment: int = 1
    cycles: bool = False
    column: ColumnName | None = None
    furthest: int | None = None

    @property
    def next_value(self) -> int:
        return self.position.last_value + (self.increment if self.position.is_called else 0)

    @property
    def behind(self) -> bool:
        """Whether a value that it is going to give is in its column already, or further than it has come."""
        if self.furthest is None or self.cycles:
            return False
        return self.next_value <= self.furthest if self.increment > 0 else self.next_value >= self.furthest

    @property
    def warning(self) -> str:
        """What to know and do about a sequence that lies behind."""
        return (
            f"sequence {self.name} gives {self.next_value} next, and column {self.column} is at {self.furthest}; "
            f"set the sequence with setval"
        )


class _Filled(NamedTuple):
    """A column that a sequence fills. Only one that holds whole numbers can be compared with the sequence."""

    table: str
    schema: str
    name: str
    column: str
    whole_numbers: bool

    def furthest(self, increment: int) -> sql.Composed:
        return sql.SQL("(SELECT {}({})::bigint FROM {})").format(
            sql.SQL("max" if increment > 0 else "min"),
            sql.Identifier(self.column),
            sql.Identifier(self.schema, self.name),
        )


def read_sequences(
    connection: psycopg.Connection,
    not_checked: dict[str, str],
    *,
    ignore: Collection[str] = (),
    chooses: Chooses = everything,
    columns: bool = False,
) -> list[Sequence]:
    """All sequences but those that fill tables in ``ignore``, by name; with ``columns`` these are looked into, too.

    ``chooses`` tells by a sequence's name and the table that it fills whether it is read. The furthest value of a
    column that an index begins with is one look; without one it is a pass over the table.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(contents_query("sequences")).fetchall()
    found: dict[str, tuple[Sequence, list[_Filled]]] = {}
    readings: list[Reading] = []
    for name, schema, own_name, increment, cycles, of in rows:
        filled = [_Filled(*each) for each in of]
        table = filled[0].table if filled else None
        if table in ignore or not chooses(name, table):
            continue
        column = ColumnName(filled[0].table, filled[0].column) if filled else None
        looked_into = [each for each in filled if each.whole_numbers and columns]
        nowhere = SequencePosition(0, is_called=False)
        found[name] = Sequence(name, nowhere, increment, cycles, column), looked_into
        furthest = sql.SQL(", ").join(each.furthest(increment) for each in looked_into)
        select = sql.SQL("last_value, is_called, ARRAY[{}]::bigint[] FROM {}")
        readings.append(Reading(name, select.format(furthest, sql.Identifier(schema, own_name)), 2 + len(looked_into)))
    return sorted(
        (
            _at(*found[name], SequencePosition(last, is_called), furthest)
            for name, [(last, is_called, furthest)] in read_all(connection, readings, not_checked)
        ),
        key=lambda sequence: sequence.name,
    )


def _at(sequence: Sequence, filled: list[_Filled], position: SequencePosition, furthest: list[int | None]) -> Sequence:
    """The sequence at this position, with that of its columns which is furthest, if any has a value."""
    values = [(value, each) for value, each in zip(furthest, filled, strict=True) if value is not None]
    if not values:
        return replace(sequence, position=position)
    choose = max if sequence.increment > 0 else min
    value, each = choose(values, key=lambda pair: pair[0])
    return replace(sequence, position=position, column=ColumnName(each.table, each.column), furthest=value)
