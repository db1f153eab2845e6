"""Which tables, columns and sequences are compared, and which of them belong together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from migsafe.errors import UsageError
from migsafe.rows.contents import ColumnName

Columns = Mapping[str, Collection[str]]
"""The columns of each table, by its printed name."""


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
    tables, columns = _renames(old, new, choice.renames)
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


def _renames(
    old: Columns, new: Columns, renames: Mapping[str, str]
) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    """The renames of tables, and those of columns by the old table."""
    ours, theirs = _by_all_names(old), _by_all_names(new)
    tables = {ours[a]: theirs[b] for a, b in renames.items() if a in ours and b in theirs}
    columns: dict[str, dict[str, str]] = {}
    for a, b in renames.items():
        if a in ours and b in theirs:
            continue
        for name in old:
            new_name = tables.get(name, name)
            found = next((c for c in old[name] if a in _column_names(name, c)), None)
            other = next((c for c in new.get(new_name, ()) if b == c or b in _column_names(new_name, c)), None)
            if found is not None and other is not None:
                columns.setdefault(name, {})[found] = other
                break
        else:
            raise UsageError(
                f"--rename {a}={b}: there is no such pair of tables or of columns",
                hint="Write schema.old_table=schema.new_table, or schema.table.old_column=new_column.",
            )
    return tables, columns


def _by_all_names(tables: Iterable[str]) -> dict[str, str]:
    """Tables by their printed name, by schema.table unquoted, and by the table alone where there is but one."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name in tables:
        alone = _parts(name)[-1]
        twice |= {alone} & found.keys()
        found |= {alone: name}
    full = {alias: name for name in tables for alias in (name, ".".join(_parts(name)))}
    return {alias: name for alias, name in found.items() if alias not in twice} | full


def _column_names(table: str, column: str) -> Iterator[str]:
    *_, alone = parts = _parts(table)
    yield from (f"{name}.{column}" for name in (table, ".".join(parts), alone))
    yield str(ColumnName(table, column))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    parts = _parts(name)
    endings = [".".join(parts[start:]) for start in range(len(parts))]
    return any(
        pattern == name or any(fnmatchcase(each, pattern) for each in endings if each.count(".") == pattern.count("."))
        for pattern in patterns
    )


def _parts(name: str) -> list[str]:
    """The parts of a printed name, unquoted."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name)
    return [plain or quoted.replace('""', '"') for quoted, plain in parts]


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
