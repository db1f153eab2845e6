"""Both sides' buckets of many pairs of tables, each table read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from psycopg import sql

from migsafe.rows.batches import COLUMNS_PER_QUERY, Reading, read_all
from migsafe.rows.both import both
from migsafe.rows.buckets import Division, Sums, buckets_for, division_by_range, sums_select
from migsafe.rows.pairs import Pair, Selection

if TYPE_CHECKING:
    import psycopg

    from migsafe.rows.digest import Table

_INTEGERS = ("smallint", "integer", "bigint")

Span = tuple[int | None, int | None]
"""The least and the greatest key; none of an empty table."""


class PairSums(NamedTuple):
    """How two tables are divided, and what the buckets of either side hold."""

    division: Division
    old: Sums
    new: Sums

    @property
    def rows(self) -> tuple[int, int]:
        """How many each side has."""
        old, new = (sum(count for count, _ in sums.values()) for sums in (self.old, self.new))
        return old, new


def is_divided(pair: Pair) -> bool:
    """Whether the tables are large enough to be divided."""
    return buckets_for(_bytes(pair)) > 1


def pair_sums(
    before: psycopg.Connection,
    after: psycopg.Connection,
    pairs: Mapping[str, Pair],
    not_checked: dict[str, str],
    selection: Selection = Selection(),  # noqa: B008  frozen
) -> dict[str, PairSums]:
    """Both sides' buckets of each pair: small tables many to a query, each table once.

    What a side can't read is named in ``not_checked`` with its reason. Locks: ACCESS SHARE on one query's tables.
    """
    divisions = _divisions(before, after, pairs)

    def read(connection: psycopg.Connection, side: str) -> tuple[dict[str, Sums], dict[str, str]]:
        refused: dict[str, str] = {}
        readings = (_reading(name, getattr(pair, side), divisions[name], selection) for name, pair in pairs.items())
        with _planned_for_sums(connection):
            rows = list(read_all(connection, readings, refused))
        return {name: {bucket: (count, int(total)) for bucket, count, total in sums} for name, sums in rows}, refused

    (old, refused), (new, also_refused) = both(read, (before, "old"), (after, "new"))
    not_checked.update({**also_refused, **refused})
    return {name: PairSums(divisions[name], old[name], new[name]) for name in pairs if name in old and name in new}


def _reading(name: str, table: Table, division: Division, selection: Selection) -> Reading:
    width = len(table.columns) + 1 if division.number == 1 else COLUMNS_PER_QUERY
    return Reading(name, sums_select(table, division, selection), width)


@contextmanager
def _planned_for_sums(connection: psycopg.Connection) -> Iterator[None]:
    """Let the server compile expressions over many rows, if it is set up to, and group by hash.

    It knows nothing of how many ranges there are, takes every row for a group of its own, and would sort them. Inlining
    the hash functions takes each of its processes longer than it saves (``bench/compare.py``).
    """
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL jit TO DEFAULT")
        connection.execute("SET LOCAL jit_inline_above_cost TO -1")
        connection.execute("SET LOCAL enable_sort TO off")
        yield


def _divisions(before: psycopg.Connection, after: psycopg.Connection, pairs: Mapping[str, Pair]) -> dict[str, Division]:
    """How each pair is divided. The ends of a key are one look into its index each."""
    divided = {name: pair for name, pair in pairs.items() if is_divided(pair) and _has_integer_key(pair)}
    old, new = both(_spans, (before, divided, "old"), (after, divided, "new")) if divided else ({}, {})
    return {name: _division(pair, [*old.get(name, ()), *new.get(name, ())]) for name, pair in pairs.items()}


def _division(pair: Pair, ends: list[int | None]) -> Division:
    keys = [key for key in ends if key is not None]
    by_range = division_by_range(_bytes(pair), min(keys), max(keys)) if keys and len(ends) == 4 else None
    return by_range or Division(buckets_for(_bytes(pair)))


def _spans(connection: psycopg.Connection, pairs: Mapping[str, Pair], side: str) -> dict[str, Span]:
    """Of the tables that can be read; the others are told of when their sums are read."""
    tables: dict[str, Table] = {name: getattr(pair, side) for name, pair in pairs.items()}
    readings = (
        Reading(
            name, sql.SQL("min({key})::bigint, max({key})::bigint FROM {t}").format(key=t.key[0].value, t=t.source), 2
        )
        for name, t in tables.items()
    )
    return {name: (low, high) for name, [(low, high)] in read_all(connection, readings, {})}


def _has_integer_key(pair: Pair) -> bool:
    return all([column.type in _INTEGERS for column in table.key] == [True] for table in (pair.old, pair.new))


def _bytes(pair: Pair) -> int:
    return max(pair.old.bytes, pair.new.bytes)
