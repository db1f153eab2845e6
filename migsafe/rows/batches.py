"""Many small questions in few queries: what one of them may not read doesn't keep the others from being answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

COLUMNS_PER_QUERY = 400
"""Enough to make round trips cheap, few enough to keep a query's plan small."""


class Reading(NamedTuple):
    """What is read, by its printed name; the SELECT that reads it, but for the keyword; how many columns that has.

    Readings of one batch must have the same types of columns.
    """

    name: str
    select: sql.Composed
    columns: int


def read_all(
    connection: psycopg.Connection, readings: Iterable[Reading], not_checked: dict[str, str]
) -> Iterator[tuple[str, list[Sequence[Any]]]]:
    """Each name with its rows; a reading that the server refuses is named in ``not_checked`` with its reason.

    Locks: ACCESS SHARE on the tables of one query at a time.
    """
    for batch in batches(readings):
        try:
            yield from _read_batch(connection, batch)
        except psycopg.Error as error:
            if connection.broken:
                raise
            if len(batch) == 1:
                not_checked[batch[0].name] = reason(error)
                continue
            for reading in batch:
                yield from read_all(connection, [reading], not_checked)


def batches(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    """The readings, in order, as lists that fit into one query each."""
    batch: list[Reading] = []
    width = 0
    for reading in readings:
        if batch and width + reading.columns > COLUMNS_PER_QUERY:
            yield batch
            batch, width = [], 0
        batch.append(reading)
        width += reading.columns
    if batch:
        yield batch


def reason(error: psycopg.Error) -> str:
    """The server's own words."""
    return error.diag.message_primary or str(error).strip()


def _read_batch(connection: psycopg.Connection, batch: Sequence[Reading]) -> list[tuple[str, list[Sequence[Any]]]]:
    """Read in a savepoint and roll it back: that gives the locks back, which thousands of tables would run out of."""
    selects = (sql.SQL("SELECT {}, {}").format(number, reading.select) for number, reading in enumerate(batch))
    rows = defaultdict[int, list[Sequence[Any]]](list)
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        for number, *row in cursor.execute(sql.SQL("\nUNION ALL\n").join(selects)):
            rows[number].append(row)
    return [(reading.name, rows[number]) for number, reading in enumerate(batch)]
