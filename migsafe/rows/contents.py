"""The contents of a database as a value, and what differs between two of them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MODULUS = 1 << 64
"""Digests are added modulo this, so that it doesn't matter in which order rows come."""


@dataclass(frozen=True, slots=True, order=True)
class ColumnName:
    """A column of a table: the table's name as PostgreSQL prints it, the column's as it is stored."""

    table: str
    column: str

    def __str__(self) -> str:
        plain = re.fullmatch(r"[a-z_][a-z0-9_]*", self.column)
        column = self.column if plain else '"{}"'.format(self.column.replace('"', '""'))
        return f"{self.table}.{column}"


@dataclass(frozen=True, slots=True)
class ColumnContents:
    """What a column holds: the count of values that aren't null, and the sum of their digests (none: not read).

    ``method`` names how a value was digested; digests made by different methods say nothing about each other.
    ``number`` is the attribute number, the same in a clone whatever the column is called there.
    """

    values: int | None
    digest: int | None
    method: str
    number: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rows of a table that share some bits of their key's hash: how many, and each column's digest, in order."""

    rows: int
    digests: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TableContents:
    """What a table holds: the count of rows, and each column by name.

    ``key`` is what the digests are seeded with: the columns of the primary key and how each was digested. Without one,
    ``row_digest`` is the sum of the digests of whole rows, so that values which change places between rows are noticed.
    ``buckets`` are the parts of a table that is large enough, a power of two, by the last bits of the key's hash.
    ``materialized``: it is a view, and holds what its last refresh found.
    """

    rows: int
    columns: Mapping[str, ColumnContents]
    key: tuple[tuple[str, str], ...] = ()
    row_digest: int | None = None
    buckets: tuple[Bucket, ...] = field(default=(), compare=False)
    materialized: bool = field(default=False, compare=False)


def added_up(parts: Sequence[TableContents], columns: Mapping[str, int]) -> TableContents:
    """What a partitioned table holds, by its partitions; ``columns`` are its own, each with its number."""
    digests = [part.row_digest for part in parts if part.row_digest is not None]
    return TableContents(
        rows=sum(part.rows for part in parts),
        columns={name: _added_up([part.columns[name] for part in parts], number) for name, number in columns.items()},
        key=parts[0].key if parts else (),
        row_digest=sum(digests) % MODULUS if digests else None,
    )


def _added_up(parts: Sequence[ColumnContents], number: int) -> ColumnContents:
    return ColumnContents(
        values=sum(part.values or 0 for part in parts),
        digest=sum(part.digest or 0 for part in parts) % MODULUS,
        method=",".join(sorted({part.method for part in parts})),
        number=number,
    )


@dataclass(frozen=True, slots=True)
class SequencePosition:
    """Where a sequence stands."""

    last_value: int
    is_called: bool

    def __str__(self) -> str:
        return f"{self.last_value}" if self.is_called else f"{self.last_value} (not yet called)"


@dataclass(frozen=True, slots=True)
class Contents:
    """Tables and sequences by name, qualified and quoted; ``not_checked`` says which could not be read, and why."""

    tables: Mapping[str, TableContents] = field(default_factory=dict)
    sequences: Mapping[str, SequencePosition] = field(default_factory=dict)
    not_checked: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows of all tables."""
        return sum(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """The rows of each table."""
        return {name: table.rows for name, table in self.tables.items()}

    def without(self, names: Collection[str]) -> Contents:
        """Without the tables and sequences of these names."""
        tables = {name: table for name, table in self.tables.items() if name not in names}
        sequences = {name: position for name, position in self.sequences.items() if name not in names}
        reasons = {name: reason for name, reason in self.not_checked.items() if name not in names}
        return Contents(tables, sequences, reasons)


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column whose values differ, or may: ``comparable`` is false where the sides were digested by other methods."""

    name: ColumnName
    old: ColumnContents
    new: ColumnContents
    comparable: bool = True

    def __str__(self) -> str:
        if not self.comparable:
            return f"column {self.name}: can't be compared by digest (type or primary key differ)"
        if self.old.values != self.new.values:
            return f"column {self.name}: values differ ({self.old.values} → {self.new.values} not null)"
        return f"column {self.name}: values differ"


@dataclass(frozen=True, slots=True)
class TableChange:
    """A table that holds something else. A side that is none doesn't have the table.

    ``whole_rows`` is set when a table without a primary key holds other rows than before.
    """

    name: str
    old: TableContents | None
    new: TableContents | None
    columns: tuple[ColumnChange, ...] = ()
    whole_rows: bool = False

    @property
    def row_counts(self) -> tuple[int, int]:
        return (self.old.rows if self.old else 0, self.new.rows if self.new else 0)

    def __bool__(self) -> bool:
        before, after = self.row_counts
        return before != after or bool(self.columns) or self.whole_rows

    def lines(self) -> Iterator[str]:
        before, after = self.row_counts
        if before != after:
            yield f"table {self.name}: {before} → {after} rows"
        yield from map(str, self.columns)
        if self.whole_rows and not self.columns and before == after:
            yield f"table {self.name}: values have changed places between rows"


@dataclass(frozen=True, slots=True)
class SequenceChange:
    """A sequence that stands elsewhere. A side that is none doesn't have the sequence."""

    name: str
    old: SequencePosition | None
    new: SequencePosition | None

    def __str__(self) -> str:
        return f"sequence {self.name}: at {self.old or 'no value'} → {self.new or 'no value'}"


@dataclass(frozen=True, slots=True)
class ContentsDifference:
    """Tables and sequences that differ, by name. ``not_checked`` is what one side or the other could not read."""

    tables: tuple[TableChange, ...] = ()
    sequences: tuple[SequenceChange, ...] = ()
    not_checked: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.tables or self.sequences)

    @property
    def changed_columns(self) -> frozenset[ColumnName]:
        """Every column whose values differ or can't be compared."""
        return frozenset(column.name for table in self.tables for column in table.columns)

    def without_values_of(self, columns: Collection[ColumnName]) -> ContentsDifference:
        """Compare these columns by their counts of values that aren't null only; the rest as before.

        Whole rows of a table are then no longer compared, and if its key is among them, none of its digests.
        """
        return ContentsDifference(
            tuple(change for table in self.tables if (change := _without_values(table, columns))),
            self.sequences,
            self.not_checked,
        )

    def lines(self) -> Iterator[str]:
        """One line a change, tables first, by name."""
        for table in self.tables:
            yield from table.lines()
        yield from map(str, self.sequences)


def compare_contents(old: Contents, new: Contents) -> ContentsDifference:
    """Compare tables and columns by name. A table or column that only one side has counts if it holds something.

    Digests are compared only where both sides made them in the same way. A change that two digests can't show: one of
    2^64, or of 2^32 for a single date and time, which PostgreSQL folds to 32 bits before hashing.
    """
    not_checked = {**new.not_checked, **old.not_checked}
    tables = (
        _compare_tables(name, old.tables.get(name), new.tables.get(name))
        for name in sorted({*old.tables, *new.tables} - not_checked.keys())
    )
    sequences = (
        SequenceChange(name, old.sequences.get(name), new.sequences.get(name))
        for name in sorted({*old.sequences, *new.sequences} - not_checked.keys())
    )
    return ContentsDifference(
        tables=tuple(change for change in tables if change),
        sequences=tuple(change for change in sequences if change.old != change.new),
        not_checked=dict(sorted(not_checked.items())),
    )


def _compare_tables(name: str, old: TableContents | None, new: TableContents | None) -> TableChange:
    if old is None or new is None:
        return TableChange(name, old, new)
    same_key = old.key == new.key
    return TableChange(
        name,
        old,
        new,
        columns=tuple(_compare_columns(name, old, new, same_key=same_key)),
        whole_rows=same_key and _methods(old) == _methods(new) and old.row_digest != new.row_digest,
    )


def _methods(table: TableContents) -> Mapping[str, str]:
    return {name: column.method for name, column in table.columns.items()}


def _compare_columns(table: str, old: TableContents, new: TableContents, *, same_key: bool) -> Iterable[ColumnChange]:
    for name in sorted(old.columns.keys() & new.columns.keys()):
        before, after = old.columns[name], new.columns[name]
        if (before.values, before.digest) != (after.values, after.digest):
            comparable = before.values != after.values or (same_key and before.method == after.method)
            yield ColumnChange(ColumnName(table, name), before, after, comparable)


def _without_values(table: TableChange, names: Collection[ColumnName]) -> TableChange:
    """A digest is seeded with the key, so that columns of unstable rows say nothing either; counts still do."""
    if table.old is None or table.new is None:
        return table
    own = {name.column for name in names if name.table == table.name}
    if not own:
        return table
    unstable_key = any(column in own for column, _ in table.old.key)
    columns = tuple(
        change
        for change in table.columns
        if change.old.values != change.new.values or not (unstable_key or change.name.column in own)
    )
    return TableChange(table.name, table.old, table.new, columns)
