"""Where sequences stand, and which of them will hand out a value that their column has already."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.postgres.catalogs import contents_query
from migsafe.rows.batches import Reading, read_all
from migsafe.rows.contents import ColumnName, SequencePosition

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence, where it stands, the column that owns it, and the last value in the sequence's direction there."""

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


def read_sequences(
    connection: psycopg.Connection,
    not_checked: dict[str, str],
    *,
    ignore: Collection[str] = (),
    columns: bool = False,
) -> list[Sequence]:
    """All sequences but those owned by tables in ``ignore``, by name; with ``columns`` those are looked into, too.

    The furthest value of a column that an index begins with is one look; without one it is a pass over the table.
    """
    found: dict[str, tuple[int, bool, ColumnName | None]] = {}
    readings = list(_readings(connection, ignore, found, columns=columns))
    return sorted(
        (
            Sequence(name, SequencePosition(last, is_called), *found[name], furthest)
            for name, [(last, is_called, furthest)] in read_all(connection, readings, not_checked)
        ),
        key=lambda sequence: sequence.name,
    )


def _readings(
    connection: psycopg.Connection,
    ignore: Collection[str],
    found: dict[str, tuple[int, bool, ColumnName | None]],
    *,
    columns: bool,
) -> Iterator[Reading]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(contents_query("sequences")).fetchall()
    for name, schema, own_name, owner, owner_schema, owner_name, owner_column, increment, cycles in rows:
        if owner in ignore:
            continue
        found[name] = (increment, cycles, ColumnName(owner, owner_column) if owner else None)
        furthest: sql.Composable = sql.SQL("NULL::bigint")
        if columns and owner:
            furthest = sql.SQL("(SELECT {}({})::bigint FROM {})").format(
                sql.SQL("max" if increment > 0 else "min"),
                sql.Identifier(owner_column),
                sql.Identifier(owner_schema, owner_name),
            )
        select = sql.SQL("last_value, is_called, {} FROM {}").format(furthest, sql.Identifier(schema, own_name))
        yield Reading(name, select, 3)
