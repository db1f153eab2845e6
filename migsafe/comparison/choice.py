"""Which tables, columns and sequences are compared, and which of them belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from migsafe.comparison.renames import Columns, paired, parts_of


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants compared.

    Patterns (``*``, ``?``, ``[…]``, by case) are for ``schema.table``, or for the table alone if they have no point;
    those of columns for ``schema.table.column``, ``table.column`` or the column alone. ``renames`` go from the old
    side's name to the new one's. ``where`` is an SQL condition on each table, ``sample`` the part of the rows that is
    compared, by the hash of their key. ``limit`` is how many rows of a table are shown.
    """

    tables: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ignore_columns: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    where: str | None = None
    sample: float = 1.0
    limit: int = 20
    workers: int = 1
    statement_timeout: str = "0"

    def chooses(self, name: str) -> bool:
        """Whether a table, by its printed name, or a sequence is to be compared."""
        if self.tables and not _matches(name, self.tables):
            return False
        return not _matches(name, self.exclude)

    def ignores(self, table: str, column: str) -> bool:
        return _matches(f"{table}.{_quoted(column)}", self.ignore_columns)


@dataclass(frozen=True, slots=True)
class Matched:
    """Two tables that belong together, with the columns that were renamed and those that are ignored, by old name."""

    old: str
    new: str
    renamed: Mapping[str, str]
    ignored: frozenset[str]


def match(old: Columns, new: Columns, choice: Choice) -> list[Matched]:
    """Pair the tables that both sides have, by the old names. Raises :class:`UsageError` for renames of nothing."""
    tables, columns = paired(old, new, choice.renames)
    pairs = ((name, tables.get(name, name)) for name in sorted(old) if choice.chooses(name))
    return [
        Matched(
            ours,
            theirs,
            columns.get(ours, {}),
            frozenset(column for column in {*old[ours], *new[theirs]} if choice.ignores(ours, column)),
        )
        for ours, theirs in pairs
        if theirs in new
    ]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    parts = parts_of(name)
    endings = [".".join(parts[start:]) for start in range(len(parts))]
    return any(
        pattern == name or any(fnmatchcase(each, pattern) for each in endings if each.count(".") == pattern.count("."))
        for pattern in patterns
    )


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
