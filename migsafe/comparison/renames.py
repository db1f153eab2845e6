"""What ``--rename OLD=NEW`` says of two sides: which tables and columns are the same under another name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from migsafe.errors import UsageError
from migsafe.rows.contents import ColumnName

Columns = Mapping[str, Collection[str]]
"""The columns of each table, by its printed name."""


def paired(
    old: Columns, new: Columns, renames: Mapping[str, str]
) -> tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]:
    """The renames of tables, and those of columns by the old table, both by the old names.

    Raises :class:`UsageError` for one that names no pair of tables, nor of columns.
    """
    ours, theirs = _by_all_names(old), _by_all_names(new)
    tables = {ours[a]: theirs[b] for a, b in renames.items() if a in ours and b in theirs}
    columns: dict[str, dict[str, str]] = {}
    for a, b in renames.items():
        if a in ours and b in theirs:
            continue
        pairs = [*_column_pairs(a, b, old, new, tables)]
        if len(pairs) != 1:
            several = f"it may be {' or '.join(str(ColumnName(name, c)) for name, c, _ in pairs)}" if pairs else None
            why = several or _missing(a, ours, old, "old") or _missing(b, theirs, new, "new") or _NO_PAIR
            raise UsageError(
                f"--rename {a}={b}: {why}",
                hint="Write schema.old_table=schema.new_table, or schema.table.old_column=new_column.",
            )
        for name, column, other in pairs:
            columns.setdefault(name, {})[column] = other
    return tables, columns


def _column_pairs(
    a: str, b: str, old: Columns, new: Columns, tables: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """By the old table's name: a column that ``a`` may name, and the one on the new side that ``b`` may name."""
    for name in old:
        new_name = tables.get(name, name)
        found = next((c for c in old[name] if a in _column_names(name, c)), None)
        other = next((c for c in new.get(new_name, ()) if b == c or b in _column_names(new_name, c)), None)
        if found is not None and other is not None:
            yield name, found, other


_NO_PAIR = "there is no such pair of tables or of columns"


def _missing(name: str, tables: Mapping[str, str], columns: Columns, side: str) -> str | None:
    """That neither a table nor a column of the side goes by the name, or more than one table does."""
    alike = [table for table in columns if parts_of(table)[-1] == name]
    if len(alike) > 1:
        return f"on the {side} side that may be {' or '.join(sorted(alike))}"
    there = (each for table in columns for column in columns[table] for each in (column, *_column_names(table, column)))
    return None if name in tables or name in there else f"the {side} side has no table or column {name}"


def _by_all_names(tables: Iterable[str]) -> dict[str, str]:
    """Tables by their printed name, by schema.table unquoted, and by the table alone where there is but one."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name in tables:
        alone = parts_of(name)[-1]
        twice |= {alone} & found.keys()
        found |= {alone: name}
    full = {alias: name for name in tables for alias in (name, ".".join(parts_of(name)))}
    return {alias: name for alias, name in found.items() if alias not in twice} | full


def _column_names(table: str, column: str) -> Iterator[str]:
    *_, alone = parts = parts_of(table)
    yield from (f"{name}.{column}" for name in (table, ".".join(parts), alone))
    yield str(ColumnName(table, column))


def parts_of(name: str) -> list[str]:
    """The parts of a printed name, unquoted."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', name)
    return [plain or quoted.replace('""', '"') for quoted, plain in parts]
