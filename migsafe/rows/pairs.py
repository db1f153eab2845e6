"""Two tables that are to be compared: the columns that they share, in one order, and how their rows are matched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from psycopg import sql

from migsafe.rows.digest import NATIVE, Algorithm, Column, Table, key_hash, place, row_digest

_SAMPLE_BITS = 24


@dataclass(frozen=True, slots=True)
class Pair:
    """Both tables with the same columns under each side's own names, and the same key or none.

    ``only_old`` and ``only_new`` are columns that aren't compared as the other side lacks them; ``retyped`` those, by
    the old side's name, that are compared by their text as their types differ.
    """

    old: Table
    new: Table
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] | None = None

    @property
    def by_key(self) -> bool:
        return bool(self.old.key)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are read: those for which the condition ``where`` holds, and of them a part by the key's hash.

    ``algorithm`` is how they are hashed on both sides.
    """

    where: str | None = None
    sample: float = 1.0
    algorithm: Algorithm = NATIVE

    def conditions(self, table: Table) -> list[sql.Composable]:
        """What stands after WHERE, to be joined by AND."""
        found: list[sql.Composable] = []
        if self.where:
            found.append(sql.SQL("({}\n)").format(_own_sql(self.where)))
        if self.sample < 1:
            found.append(
                sql.SQL("({} >> 40) & {} < {}").format(
                    place(table, self.algorithm), (1 << _SAMPLE_BITS) - 1, round(self.sample * (1 << _SAMPLE_BITS))
                )
            )
        return found


def share(
    old: Table, new: Table, *, renamed: Mapping[str, str] | None = None, ignored: frozenset[str] = frozenset()
) -> Pair:
    """Pair the columns by name, or by the new name in ``renamed``; ``ignored`` are old names that are left out.

    Rows are matched by primary key if both sides have the same one and no part of it is ignored.
    """
    names = renamed or {}
    theirs = {column.name: column for column in new.columns}
    pairs = {
        column.name: (column, theirs[names.get(column.name, column.name)])
        for column in old.columns
        if column.name not in ignored and names.get(column.name, column.name) in theirs
    }
    retyped = {name: (a.type, b.type) for name, (a, b) in pairs.items() if a.type != b.type}
    pairs = {name: pair if name not in retyped else _as_text(*pair) for name, pair in pairs.items()}
    key = [column.name for column in old.key]
    same_key = [names.get(name, name) for name in key] == [column.name for column in new.key] and pairs.keys() >= {*key}
    first, second = (
        replace(
            table,
            columns=tuple(pair[side] for pair in pairs.values()),
            key=tuple(pairs[name][side] for name in key) if same_key else (),
        )
        for side, table in enumerate((old, new))
    )
    compared = {column.name for column in second.columns} | {names.get(name, name) for name in ignored}
    return Pair(
        first,
        second,
        only_old=tuple(c.name for c in old.columns if c.name not in pairs and c.name not in ignored),
        only_new=tuple(c.name for c in new.columns if c.name not in compared),
        retyped=retyped,
    )


def _own_sql(text: str) -> sql.SQL:
    """What the user wrote as SQL; it can't write, as the transaction is read-only."""
    return sql.SQL(text)


def _as_text(old: Column, new: Column) -> tuple[Column, Column]:
    return replace(old, type="text"), replace(new, type="text")


def other_columns(table: Table) -> tuple[Column, ...]:
    """The columns that aren't part of the key; none in a table without one, whose rows are matched as a whole."""
    return tuple(column for column in table.columns if table.key and column not in table.key)


def mark(table: Table, algorithm: Algorithm) -> sql.Composable:
    """A hash of all that a row of a table with a key holds: that of its key, seeded with that of the rest."""
    return key_hash(table.key, algorithm, row_digest(other_columns(table), algorithm))
