"""Narrows a table down to the parts in which two databases differ, and reads the hashes of the rows in them.

The rows of a table are divided into buckets: by the last bits of the hash of their key, or, where the key is an integer
and its values lie close together, by its first bits, so that the index finds the rows of a bucket. Two buckets are
taken for equal if they have as many rows and the sum of the hashes of their rows is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.rows.digest import Table, mixed, place
from migsafe.rows.pairs import Selection, mark

if TYPE_CHECKING:
    import psycopg

BYTES_PER_BUCKET = 1 << 17
MOST_BUCKETS = 1 << 10
"""More would make the server's hash table larger than its cache, and narrow down no further than it needs."""

BYTES_PER_KEY = 8
"""Keys lie close together if there is at least one possible value for so many bytes of the table.

Then even rows that all lie close to one another fall into many buckets.
"""

MOST_RANGES = 64
"""Ranges of keys that are looked up in the index; with more of them all keys are looked at."""

Sums = dict[int, tuple[int, int]]
"""By bucket: the count of rows, and the sum of their hashes."""


@dataclass(frozen=True, slots=True)
class Division:
    """Into how many buckets, numbered from 0, the rows of both sides are divided, and how.

    By hash, ``number`` is a power of two. By ranges of an integer key, each is ``1 << shift`` wide, and the first one
    begins at ``first << shift``.
    """

    number: int = 1
    shift: int | None = None
    first: int = 0

    def bucket(self, table: Table, at: sql.Composable) -> sql.Composable:
        """The bucket of a row that has its place in ``at``."""
        if self.number == 1:
            return sql.SQL("0::bigint")
        if self.shift is None:
            return sql.SQL("{} & {}").format(at, self.number - 1)
        return sql.SQL("({}::bigint >> {}) - ({})::bigint").format(table.key[0].value, self.shift, self.first)

    def condition(self, table: Table, at: sql.Composable, buckets: Collection[int]) -> sql.Composable:
        """What holds for the rows in these buckets, and for no others."""
        ranges = [*self._ranges(buckets)]
        if self.shift is not None and len(ranges) <= MOST_RANGES:
            key = table.key[0].value
            between = (sql.SQL("{} BETWEEN {} AND {}").format(key, low, high) for low, high in ranges)
            return sql.SQL("({})").format(sql.SQL(" OR ").join(between))
        chosen = {*buckets}
        bits = "".join("1" if bucket in chosen else "0" for bucket in range(self.number))
        return sql.SQL("get_bit({}, ({})::integer) = 1").format(sql.SQL(f"B'{bits}'"), self.bucket(table, at))

    def _ranges(self, buckets: Collection[int]) -> Iterator[tuple[int, int]]:
        """The first and the last key of each run of buckets."""
        for _, run in groupby(enumerate(sorted(buckets)), key=lambda each: each[1] - each[0]):
            numbers = [number + self.first for _, number in run]
            yield numbers[0] << (self.shift or 0), ((numbers[-1] + 1) << (self.shift or 0)) - 1


def buckets_for(bytes: int, most: int = MOST_BUCKETS) -> int:  # noqa: A002  the word for it
    """Into how many buckets a table of this size is divided: a power of two, 1 for a small one."""
    number = 1
    while number < most and number * BYTES_PER_BUCKET < bytes:
        number *= 2
    return number


def division_by_range(bytes: int, low: int, high: int) -> Division | None:  # noqa: A002
    """Divide a table of this size with keys from ``low`` to ``high``; none where they lie too far from one another."""
    if (high - low) * BYTES_PER_KEY > bytes:
        return None
    most, shift = buckets_for(bytes), 0
    while (high >> shift) - (low >> shift) >= most:
        shift += 1
    return Division((high >> shift) - (low >> shift) + 1, shift, low >> shift)


def sums_select(table: Table, division: Division, selection: Selection) -> sql.Composed:
    """``bucket, rows, sum`` and where from, as a :class:`migsafe.rows.batches.Reading` has it.

    With a key, its hash costs so little that it is computed twice, and the server can add up in parallel (manual,
    15.3.3). The hash of a whole row comes from a subquery that the planner leaves alone (``OFFSET 0``).
    """
    algorithm = selection.algorithm
    at, rows = place(table, algorithm), sql.SQL("{}{}").format(table.source, _where(selection.conditions(table)))
    if table.key:
        digest = mark(table, algorithm)
    else:
        rows = sql.SQL("(SELECT {} AS place FROM {} OFFSET 0) AS h").format(at, rows)
        at = sql.Identifier("place")
        digest = mixed(at, sql.Literal(1), algorithm)
    return sql.SQL("{bucket}, count(*), coalesce(sum({digest}), 0) FROM {rows}{group}").format(
        bucket=division.bucket(table, at),
        digest=digest,
        rows=rows,
        group=sql.SQL(" GROUP BY 2" if division.number > 1 else ""),
    )


def _where(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(conditions)) if conditions else sql.SQL("")


def differing_buckets(old: Sums, new: Sums) -> list[int]:
    """The buckets whose sums aren't the same, in order."""
    nothing = (0, 0)
    return sorted(bucket for bucket in {*old, *new} if old.get(bucket, nothing) != new.get(bucket, nothing))


@contextmanager
def row_hashes(
    connection: psycopg.Connection, table: Table, division: Division, buckets: Collection[int], selection: Selection
) -> Iterator[Iterator[bytes]]:
    """Lines of ``place, mark, tid`` by place, of the rows in these buckets; equal rows without a key are one line.

    The server begins at once, and streams what it has sorted.
    """
    at, conditions = place(table, selection.algorithm), selection.conditions(table)
    if len(buckets) < division.number:
        conditions.append(division.condition(table, at, buckets))
    query = sql.SQL("COPY (SELECT {place}, {columns} FROM {rows}{where}{group} ORDER BY 1) TO STDOUT").format(
        place=at,
        columns=(
            sql.SQL("{}, t.ctid").format(mark(table, selection.algorithm))
            if table.key
            else sql.SQL("count(*), min(t.ctid::text)")
        ),
        rows=table.source,
        where=_where(conditions),
        group=sql.SQL("" if table.key else " GROUP BY 1"),
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        yield map(bytes, copy)


def rows_at(
    connection: psycopg.Connection,
    table: Table,
    tids: Sequence[str],
    expressions: Sequence[sql.Composable],
    selection: Selection,
) -> Iterator[tuple[int, list[object]]]:
    """The place and these expressions, an array, of the rows that lie at ``tids``.

    Partitions have rows at the same tids, so that others than those that were asked for may come with them.
    """
    query = sql.SQL("SELECT {place}, ARRAY[{wanted}] FROM {table} WHERE t.ctid = ANY ({tids}::tid[])").format(
        place=place(table, selection.algorithm),
        wanted=sql.SQL(", ").join(expressions),
        table=table.source,
        tids=list(tids),
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        yield from cursor.execute(query)
