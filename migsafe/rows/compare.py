"""Finds the rows in which one table differs between two live databases: every one of them, not a sample.

Both sides group their rows into buckets by the hash of the key and send a count and the sum of the digests for each;
only the rows of buckets that differ are then read, sorted by the server, and merged by key as they stream in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.errors import CannotCheck
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.digest import Column, Table, key_hash, row_hash, value_digest
from migsafe.rows.tables import find_tables

if TYPE_CHECKING:
    import psycopg

ROWS_PER_BUCKET = 64
MOST_BUCKETS = 1 << 16
ROWS_PER_FETCH = 2000

Values = Mapping[str, str | None]
"""Values by column, as text; none is null."""


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One row that differs.

    ``key`` is its primary key, or the whole row in a table without one. ``old`` and ``new`` hold the values of the
    columns that differ; a side is none where it doesn't have the row.
    """

    key: Values
    old: Values | None
    new: Values | None


@dataclass(frozen=True, slots=True)
class RowsDifference:
    """How many rows only the old side has, only the new one has, or both have with other values; exact counts.

    In a table without a primary key a changed row is one missing and one extra. ``samples`` are the first of them by
    the hash of the key, the same whenever the same data is compared. ``columns`` are those that were compared.
    """

    missing: int = 0
    extra: int = 0
    changed: int = 0
    samples: tuple[RowDifference, ...] = ()
    columns: tuple[str, ...] = field(default=(), compare=False)

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.changed)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it was read: where it sorts, its key, its other values, and how many times it is there."""

    place: tuple[int, str]
    key: Sequence[str | None]
    values: Sequence[str | None]
    count: int


def compare_rows(
    before: psycopg.Connection, after: psycopg.Connection, table: str, *, limit: int = 20
) -> RowsDifference:
    """Compare the rows of ``table`` (its printed name) on the columns that both sides have.

    Rows are matched by primary key if both sides have the same one, otherwise as whole rows. Both connections must be
    idle; each side is read in one snapshot of its own. Locks: ACCESS SHARE. Memory doesn't grow with rows or
    differences, but for the buckets (at most 65,536) and ``limit`` samples; the server sorts what differs.
    Raises :class:`migsafe.errors.CannotCheck` when a side doesn't have the table.
    """
    with consistent_reading(before), consistent_reading(after):
        old, new = _shared(_find(before, table), _find(after, table))
        number, buckets = _differing_buckets(before, after, old, new)
        return _count(_match(_rows(before, old, number, buckets), _rows(after, new, number, buckets)), old, limit)


def _find(connection: psycopg.Connection, name: str) -> Table:
    not_checked: dict[str, str] = {}
    tables = find_tables(connection, not_checked)
    if name not in tables:
        database = connection.info.dbname
        raise CannotCheck(not_checked.get(name, "there is no such table"), where=f"table {name} in database {database}")
    return tables[name]


def _shared(old: Table, new: Table) -> tuple[Table, Table]:
    """Both tables with the columns they share, in one order, and the key if it is the same on both sides.

    A column whose type differs is compared by its text on both sides.
    """
    theirs = {column.name: column for column in new.columns}
    pairs = [(column, theirs[column.name]) for column in old.columns if column.name in theirs]
    pairs = [(a, b) if a.type == b.type else (replace(a, type="text"), replace(b, type="text")) for a, b in pairs]
    key = [column.name for column in old.key]
    same_key = key == [column.name for column in new.key]
    sides = ({a.name: a for a, _ in pairs}, {b.name: b for _, b in pairs})
    first, second = (
        replace(table, columns=tuple(side.values()), key=tuple(side[name] for name in key) if same_key else ())
        for table, side in zip((old, new), sides, strict=True)
    )
    return first, second


def _differing_buckets(
    before: psycopg.Connection, after: psycopg.Connection, old: Table, new: Table
) -> tuple[int, list[int]]:
    """The number of buckets, a power of two, and those whose counts or digests differ."""
    rows = max(_row_count(before, old), _row_count(after, new))
    number = 1
    while number * ROWS_PER_BUCKET < rows and number < MOST_BUCKETS:
        number *= 2
    ours, theirs = _buckets(before, old, number), _buckets(after, new, number)
    return number, sorted(bucket for bucket in {*ours, *theirs} if ours.get(bucket) != theirs.get(bucket))


def _row_count(connection: psycopg.Connection, table: Table) -> int:
    ((count,),) = _fetch(connection, sql.SQL("SELECT count(*) FROM ONLY {}").format(table.identifier))
    return int(count)


def _buckets(connection: psycopg.Connection, table: Table, number: int) -> dict[int, int]:
    """Each bucket that has rows, with one hash of its count and its columns' digests."""
    query = sql.SQL(
        'SELECT {place} & {mask}, hashtextextended(ROW({sums})::text COLLATE "C", 0) FROM ONLY {table} AS t GROUP BY 1'
    ).format(
        place=_place(table),
        mask=number - 1,
        sums=sql.SQL(", ").join([sql.SQL("count(*)"), *map(sql.SQL("sum({})").format, _digests(table))]),
        table=table.identifier,
    )
    return dict(_fetch(connection, query))


def _place(table: Table) -> sql.Composable:
    return key_hash(table.key) if table.key else row_hash(table.columns)


def _digests(table: Table) -> list[sql.Composable]:
    if not table.key:
        return [_place(table)]
    seed = key_hash(table.key)
    return [value_digest(column, seed) for column in table.columns]


def _fetch(connection: psycopg.Connection, query: sql.Composed) -> list[Any]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query).fetchall()


def _rows(connection: psycopg.Connection, table: Table, number: int, buckets: list[int]) -> Iterator[_Row]:
    """The rows of these buckets by the hash of their key, then by the key's text."""
    query = sql.SQL(
        """
        SELECT place, key::text, key, other, count(*)
        FROM (SELECT {place} AS place, {key} AS key, {other} AS other FROM ONLY {table} AS t) AS r
        WHERE place & {mask} = ANY ({buckets}::bigint[])
        GROUP BY place, key, other
        ORDER BY place, key::text COLLATE "C"
        """
    ).format(
        place=_place(table),
        key=_texts(table.key or table.columns),
        other=_texts(_other_columns(table)),
        table=table.identifier,
        mask=number - 1,
        buckets=buckets,
    )
    with connection.cursor("migsafe_rows", row_factory=tuple_row) as cursor:
        cursor.itersize = ROWS_PER_FETCH
        for place, text, key, other, count in cursor.execute(query):
            yield _Row((place, text), key, other, count)


def _other_columns(table: Table) -> list[Column]:
    return [column for column in table.columns if table.key and column not in table.key]


def _texts(columns: Sequence[Column]) -> sql.Composed:
    texts = (sql.SQL("{}::text").format(column.value) for column in columns)
    return sql.SQL("ARRAY[{}]::text[]").format(sql.SQL(", ").join(texts))


def _match(old: Iterator[_Row], new: Iterator[_Row]) -> Iterator[tuple[_Row | None, _Row | None]]:
    """Pair the rows of two sorted streams by place."""
    ours, theirs = next(old, None), next(new, None)
    while ours or theirs:
        if theirs is None or (ours and ours.place < theirs.place):
            yield ours, None
            ours = next(old, None)
        elif ours is None or theirs.place < ours.place:
            yield None, theirs
            theirs = next(new, None)
        else:
            yield ours, theirs
            ours, theirs = next(old, None), next(new, None)


def _count(matched: Iterator[tuple[_Row | None, _Row | None]], table: Table, limit: int) -> RowsDifference:
    key_names = [column.name for column in table.key or table.columns]
    other_names = [column.name for column in _other_columns(table)]
    missing = extra = changed = 0
    samples: list[RowDifference] = []
    for old, new in matched:
        surplus = (new.count if new else 0) - (old.count if old else 0)
        differing = [i for i in range(len(other_names)) if not old or not new or old.values[i] != new.values[i]]
        if not surplus and not differing:
            continue
        missing += max(-surplus, 0)
        extra += max(surplus, 0)
        changed += not surplus
        if len(samples) < limit:
            key = dict(zip(key_names, (old or new).key, strict=True))  # type: ignore[union-attr]
            sides = ({other_names[i]: row.values[i] for i in differing} if row else None for row in (old, new))
            samples.append(RowDifference(key, *sides))
    return RowsDifference(missing, extra, changed, tuple(samples), tuple(column.name for column in table.columns))
