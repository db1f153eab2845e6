"""Finds the rows in which one table differs between two live databases: every one of them, not a sample.

Both sides are read at the same time. They divide their rows into buckets by the key, or its hash, and send a count and
the sum of the rows' hashes for each; of the buckets that differ they send the hashes of all rows, sorted, which are
matched as they stream in; and only rows that are shown, or that tell which columns changed, are read themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql

from migsafe.errors import CannotCheck
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.both import both
from migsafe.rows.buckets import differing_buckets, row_hashes, rows_at
from migsafe.rows.digest import Table, value_digest
from migsafe.rows.pairs import Pair, Selection, other_columns, share
from migsafe.rows.streams import Hashed, Place, differing
from migsafe.rows.sums import pair_sums
from migsafe.rows.tables import find_all

if TYPE_CHECKING:
    import psycopg

    from migsafe.rows.sums import PairSums

MOST_LOOKED_INTO = 10_000
"""Changed rows that are looked into for which of their columns changed."""

ROWS_AT_A_TIME = 1000

Values = Mapping[str, str | None]
"""Values by column, as text; none is null."""


@dataclass(frozen=True, slots=True)
class RowDifference:
    """One row that differs.

    ``key`` is its primary key, or the whole row in a table without one. ``old`` and ``new`` hold the values of the
    columns that differ, by the old side's names; a side is none where it doesn't have the row, or has it less often.
    ``copies`` is how many more of them the other side has.
    """

    key: Values
    old: Values | None
    new: Values | None
    copies: int = 1


@dataclass(frozen=True, slots=True)
class RowsDifference:
    """How many rows only the old side has, only the new one has, or both have with other values; exact counts.

    In a table without a primary key a changed row is one missing and one extra. ``samples`` are the first of them by
    the hash of the key, the same whenever the same data is compared. ``columns`` are those that were compared, ``rows``
    how many there are on each side. ``changed_columns`` says in how many of the first ``looked_into`` changed rows each
    column differs, by its old name.
    """

    missing: int = 0
    extra: int = 0
    changed: int = 0
    samples: tuple[RowDifference, ...] = ()
    columns: tuple[str, ...] = field(default=(), compare=False)
    rows: tuple[int, int] = field(default=(0, 0), compare=False)
    changed_columns: Mapping[str, int] = field(default_factory=dict)
    looked_into: int = 0

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.changed)


def compare_rows(
    before: psycopg.Connection, after: psycopg.Connection, table: str, *, limit: int = 20
) -> RowsDifference:
    """Compare the rows of ``table`` (its printed name) on the columns that both sides have.

    Rows are matched by primary key if both sides have the same one, otherwise as whole rows. Both connections must be
    idle; each side is read in one snapshot of its own. Locks: ACCESS SHARE. Memory doesn't grow with rows or
    differences, but for the buckets (at most 1,024) and the rows that are looked into; the server sorts what differs.
    Raises :class:`migsafe.errors.CannotCheck` when a side doesn't have the table or may not read it.
    """
    with consistent_reading(before), consistent_reading(after):
        pair = share(_find(before, table), _find(after, table))
        not_checked: dict[str, str] = {}
        sums = pair_sums(before, after, {table: pair}, not_checked)
        if table not in sums:
            raise CannotCheck(not_checked[table], where=f"table {table}")
        return compare_pair(before, after, pair, sums[table], limit=limit)


def _find(connection: psycopg.Connection, name: str) -> Table:
    found = find_all(connection)
    if name not in found.tables:
        reason = found.refused.get(name, "there is no such table")
        raise CannotCheck(reason, where=f"table {name} in database {connection.info.dbname}")
    return found.tables[name]


def compare_pair(
    before: psycopg.Connection,
    after: psycopg.Connection,
    pair: Pair,
    sums: PairSums,
    *,
    limit: int,
    selection: Selection = Selection(),  # noqa: B008  frozen
) -> RowsDifference:
    """Find what differs in buckets whose ``sums`` differ, both sides within their snapshots."""
    columns = tuple(column.name for column in pair.old.columns)
    buckets = differing_buckets(sums.old, sums.new)
    if not buckets:
        return RowsDifference(columns=columns, rows=sums.rows)
    tally = _Tally(pair.by_key, limit)
    with before.transaction(force_rollback=True), after.transaction(force_rollback=True):
        with (
            row_hashes(before, pair.old, sums.division, buckets, selection) as ours,
            row_hashes(after, pair.new, sums.division, buckets, selection) as theirs,
        ):
            for place in differing(ours, theirs):
                tally.add(place)
        changed = _changed_columns(before, after, pair, tally.changed_rows, selection)
        samples = tuple(_samples(before, after, pair, tally.shown, selection))
    return RowsDifference(
        tally.missing, tally.extra, tally.changed, samples, columns, sums.rows, changed, len(tally.changed_rows)
    )


@dataclass(slots=True)
class _Tally:
    """Counts what differs, and keeps the first of it."""

    by_key: bool
    limit: int
    missing: int = 0
    extra: int = 0
    changed: int = 0
    shown: list[tuple[Hashed | None, Hashed | None, int]] = field(default_factory=list)
    changed_rows: list[tuple[Hashed, Hashed]] = field(default_factory=list)

    def add(self, place: Place) -> None:
        if not self.by_key:
            self._add_copies(place)
            return
        pairs = list(zip(place.old, place.new, strict=False))
        self.changed += len(pairs)
        self.changed_rows += pairs[: MOST_LOOKED_INTO - len(self.changed_rows)]
        gone, come = place.old[len(pairs) :], place.new[len(pairs) :]
        self.missing += len(gone)
        self.extra += len(come)
        self._show([*((a, b, 1) for a, b in pairs), *((a, None, 1) for a in gone), *((None, b, 1) for b in come)])

    def _add_copies(self, place: Place) -> None:
        """Without a key the mark counts equal rows, and a place is a row."""
        old, new = (rows[0] if rows else None for rows in (place.old, place.new))
        surplus = (new.mark if new else 0) - (old.mark if old else 0)
        self.missing += max(-surplus, 0)
        self.extra += max(surplus, 0)
        self._show([(None, new, surplus) if surplus > 0 else (old, None, -surplus)])

    def _show(self, rows: Sequence[tuple[Hashed | None, Hashed | None, int]]) -> None:
        self.shown += rows[: self.limit - len(self.shown)]


def _changed_columns(
    before: psycopg.Connection,
    after: psycopg.Connection,
    pair: Pair,
    rows: Sequence[tuple[Hashed, Hashed]],
    selection: Selection,
) -> dict[str, int]:
    """In how many of these rows each column differs."""
    names = [column.name for column in other_columns(pair.old)]
    found: Counter[str] = Counter()
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        some = rows[start : start + ROWS_AT_A_TIME]
        old, new = both(
            _read_at,
            (before, pair.old, [a for a, _ in some], _digests(pair.old, selection), selection),
            (after, pair.new, [b for _, b in some], _digests(pair.new, selection), selection),
        )
        for place in old.keys() & new.keys():
            found.update(name for name, a, b in zip(names, old[place], new[place], strict=True) if a != b)
    return {name: found[name] for name in names if found[name]}


def _digests(table: Table, selection: Selection) -> list[sql.Composable]:
    return [
        value_digest(column, sql.Literal(number), selection.algorithm)
        for number, column in enumerate(other_columns(table), start=1)
    ]


def _read_at(
    connection: psycopg.Connection,
    table: Table,
    rows: Collection[Hashed],
    expressions: Sequence[sql.Composable],
    selection: Selection,
) -> dict[int, Sequence[object]]:
    """The expressions of each of the rows, by place."""
    if not rows or not expressions:
        return {row.place: [] for row in rows}
    places = {row.place for row in rows}
    found = rows_at(connection, table, [row.tid for row in rows], expressions, selection)
    return {place: values for place, values in found if place in places}


def _samples(
    before: psycopg.Connection,
    after: psycopg.Connection,
    pair: Pair,
    shown: Sequence[tuple[Hashed | None, Hashed | None, int]],
    selection: Selection,
) -> Iterator[RowDifference]:
    old, new = both(
        _read_at,
        (before, pair.old, [a for a, _, _ in shown if a], _texts(pair.old), selection),
        (after, pair.new, [b for _, b, _ in shown if b], _texts(pair.new), selection),
    )
    keys = [column.name for column in pair.old.key or pair.old.columns]
    names = [column.name for column in other_columns(pair.old)]
    for ours, theirs, copies in shown:
        a, b = (old[ours.place] if ours else None), (new[theirs.place] if theirs else None)
        yield _row(keys, names, _named(keys + names, a), _named(keys + names, b), copies)


def _named(names: Sequence[str], values: Sequence[Any] | None) -> Values | None:
    return None if values is None else dict(zip(names, values, strict=True))


def _texts(table: Table) -> list[sql.Composable]:
    columns = [*(table.key or table.columns), *other_columns(table)]
    return [sql.SQL("{}::text").format(column.value) for column in columns]


def _row(
    keys: Sequence[str], names: Sequence[str], old: Values | None, new: Values | None, copies: int
) -> RowDifference:
    known = old or new or {}
    differing = [name for name in names if old is None or new is None or old[name] != new[name]]
    return RowDifference(
        {name: known[name] for name in keys},
        None if old is None else {name: old[name] for name in differing},
        None if new is None else {name: new[name] for name in differing},
        copies,
    )
