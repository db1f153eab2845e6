"""Narrows a table down to the parts in which two databases differ, and reads the hashes of the rows in them.

The rows of a table are grouped by the last bits of the hash of their key. Two buckets are taken for equal if they have
as many rows and the sum of the hashes of their rows is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.rows.digest import Table, place
from migsafe.rows.pairs import Selection, hashes, mark

if TYPE_CHECKING:
    import psycopg

BYTES_PER_BUCKET = 1 << 17
MOST_BUCKETS = 1 << 10
"""More would make the server's hash table larger than its cache, and narrow down no further than it needs."""

Sums = dict[int, tuple[int, int]]
"""By bucket: the count of rows, and the sum of their hashes."""


def buckets_for(bytes: int, most: int = MOST_BUCKETS) -> int:  # noqa: A002  the word for it
    """Into how many buckets a table of this size is divided: a power of two, 1 for a small one."""
    number = 1
    while number < most and number * BYTES_PER_BUCKET < bytes:
        number *= 2
    return number


def sums_select(table: Table, number: int, selection: Selection) -> sql.Composed:
    """``bucket, rows, sum`` and where from, as a :class:`migsafe.rows.batches.Reading` has it."""
    bucket = sql.SQL("place & {}").format(number - 1) if number > 1 else sql.SQL("0::bigint")
    return sql.SQL("{bucket}, count(*), coalesce(sum({mark}), 0) FROM {rows}{group}").format(
        bucket=bucket,
        mark=mark(selection.algorithm),
        rows=_hashed(table, selection, selection.conditions(table)),
        group=sql.SQL(" GROUP BY 2" if number > 1 else ""),
    )


def _hashed(table: Table, selection: Selection, conditions: Sequence[sql.Composable]) -> sql.Composed:
    """The rows' hashes and tids as a subquery that the planner leaves alone (``OFFSET 0``), to compute each once.

    It also keeps the planner from taking every place for a group of its own, and sorting them.
    """
    where = sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(conditions)) if conditions else sql.SQL("")
    return sql.SQL("(SELECT {}, t.ctid FROM {}{} OFFSET 0) AS h").format(
        hashes(table, selection.algorithm), table.source, where
    )


def differing_buckets(old: Sums, new: Sums) -> list[int]:
    nothing = (0, 0)
    return sorted(bucket for bucket in {*old, *new} if old.get(bucket, nothing) != new.get(bucket, nothing))


@contextmanager
def row_hashes(
    connection: psycopg.Connection, table: Table, number: int, buckets: Collection[int], selection: Selection
) -> Iterator[Iterator[bytes]]:
    """Lines of ``place, mark, tid`` by place, of the rows in these buckets; equal rows without a key are one line.

    The server begins at once, and streams what it has sorted.
    """
    at = place(table, selection.algorithm)
    conditions = selection.conditions(table)
    if len(buckets) < number:
        chosen = {*buckets}
        bits = "".join("1" if bucket in chosen else "0" for bucket in range(number))
        conditions.append(
            sql.SQL("get_bit({}, (({}) & {})::integer) = 1").format(sql.SQL(f"B'{bits}'"), at, number - 1)
        )
    columns = (
        sql.SQL("place, {}, ctid").format(mark(selection.algorithm))
        if table.key
        else sql.SQL("place, count(*), min(ctid::text)")
    )
    query = sql.SQL("COPY (SELECT {} FROM {}{} ORDER BY 1) TO STDOUT").format(
        columns, _hashed(table, selection, conditions), sql.SQL("" if table.key else " GROUP BY 1")
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
