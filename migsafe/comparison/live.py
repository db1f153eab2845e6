"""Compares two live databases, each in one snapshot: finds every row that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from migsafe.comparison.choice import Choice, match
from migsafe.comparison.result import ComparedSide, ComparedTable, Comparison
from migsafe.fingerprints import making_of
from migsafe.postgres.databases import server_version
from migsafe.postgres.snapshot_sessions import snapshot_sessions
from migsafe.rows.batches import Reading, read_all, reason
from migsafe.rows.both import both
from migsafe.rows.compare import RowsDifference, compare_pair
from migsafe.rows.contents import SequenceChange
from migsafe.rows.digest import NATIVE, PORTABLE
from migsafe.rows.pairs import Pair, Selection, share
from migsafe.rows.sequences import Sequence, read_sequences
from migsafe.rows.sums import is_divided, pair_sums
from migsafe.rows.tables import find_wholes
from migsafe.rows.work import share_out

if TYPE_CHECKING:
    from migsafe.postgres.address import Address
    from migsafe.rows.digest import Table

TABLES_PER_PIECE = 100

Sessions = tuple[psycopg.Connection, ...]
"""One of the old side, one of the new."""

Progress = Callable[[str], None]


def compare_live(old: Address, new: Address, choice: Choice, progress: Progress) -> Comparison:
    """Compare all tables that both have; nothing is written. Locks: ACCESS SHARE on the tables being read.

    Raises :class:`migsafe.errors.ServerUnavailable`, and :class:`migsafe.errors.UsageError` for renames of nothing.
    """
    with (
        snapshot_sessions(old, choice.workers, statement_timeout=choice.statement_timeout) as ours,
        snapshot_sessions(new, choice.workers, statement_timeout=choice.statement_timeout) as theirs,
    ):
        return _Comparing(list(zip(ours, theirs, strict=True)), choice, progress).run(str(old), str(new))


class _Comparing:
    """The work on two databases, and what could not be done."""

    def __init__(self, crews: list[Sessions], choice: Choice, progress: Progress) -> None:
        self.crews = crews
        self.choice = choice
        self.progress = progress
        self.not_checked: dict[str, str] = {}
        same = making_of(crews[0][0], NATIVE) == making_of(crews[0][1], NATIVE)
        self.selection = Selection(choice.where, choice.sample, NATIVE if same else PORTABLE)

    def run(self, old_name: str, new_name: str) -> Comparison:
        before, after = self.crews[0]
        self.progress("reading the catalogs")
        old, new = (self._tables(connection) for connection in (before, after))
        pairs = self._pairs(old, new)
        changed = {name: table for part in share_out(self.crews, _pieces(pairs), self._compare) for name, table in part}
        only_old = {name: table for name, table in old.items() if name not in pairs and self._counts(name)}
        paired = {new_name for new_name, _ in pairs.values()}
        only_new = {name: table for name, table in new.items() if name not in paired and self._counts(name)}
        sequences, behind = self._sequences(before, after)
        return Comparison(
            ComparedSide("database", old_name, server_version(before)[0]),
            ComparedSide("database", new_name, server_version(after)[0]),
            tables=tuple(changed[name] for name in sorted(changed)),
            only_old=self._row_counts(before, only_old),
            only_new=self._row_counts(after, only_new),
            sequences=sequences,
            behind=behind,
            not_checked={name: why for name, why in sorted(self.not_checked.items()) if self.choice.chooses(name)},
            sample=self.choice.sample,
            where=self.choice.where,
        )

    def _tables(self, connection: psycopg.Connection) -> dict[str, Table]:
        return find_wholes(connection, self.not_checked)

    def _counts(self, name: str) -> bool:
        return self.choice.chooses(name) and name not in self.not_checked

    def _pairs(self, old: Mapping[str, Table], new: Mapping[str, Table]) -> dict[str, tuple[str, Pair]]:
        """By the old name: the new one, and both tables."""
        columns = [{name: [c.name for c in table.columns] for name, table in side.items()} for side in (old, new)]
        return {
            each.old: (each.new, share(old[each.old], new[each.new], renamed=each.renamed, ignored=each.ignored))
            for each in match(columns[0], columns[1], self.choice)
        }

    def _compare(self, crew: Sessions, piece: Mapping[str, tuple[str, Pair]]) -> list[tuple[str, ComparedTable]]:
        before, after = crew
        self.progress(f"comparing {next(iter(piece))}")
        pairs = {name: pair for name, (_, pair) in piece.items()}
        found = []
        for name, sums in pair_sums(before, after, pairs, self.not_checked, self.selection).items():
            new_name, pair = piece[name]
            try:
                rows = compare_pair(before, after, pair, sums, limit=self.choice.limit, selection=self.selection)
            except psycopg.Error as error:
                if before.broken or after.broken:
                    raise
                self.not_checked[name] = f"it differs, but its rows can't be compared: {reason(error)}"
                continue
            found.append((name, _compared(name, new_name, pair, rows)))
        return found

    def _row_counts(self, connection: psycopg.Connection, tables: Mapping[str, Table]) -> dict[str, int]:
        readings = (Reading(name, sql.SQL("count(*) FROM {}").format(t.source), 1) for name, t in tables.items())
        return {name: int(rows[0][0]) for name, rows in read_all(connection, readings, self.not_checked)}

    def _sequences(
        self, before: psycopg.Connection, after: psycopg.Connection
    ) -> tuple[tuple[SequenceChange, ...], tuple[str, ...]]:
        old, new = both(self._read_sequences, (before,), (after,))
        return compare_sequences(old, new)

    def _read_sequences(self, connection: psycopg.Connection) -> dict[str, Sequence]:
        found = read_sequences(connection, self.not_checked, columns=True)
        return {
            each.name: each for each in found if self.choice.chooses(each.name) and each.name not in self.not_checked
        }


def compare_sequences(
    old: Mapping[str, Sequence], new: Mapping[str, Sequence]
) -> tuple[tuple[SequenceChange, ...], tuple[str, ...]]:
    """Sequences of both sides that stand elsewhere, and the warnings of those that lie behind their column."""
    changes = (SequenceChange(name, old[name].position, new[name].position) for name in sorted(old.keys() & new.keys()))
    warnings = (
        f"{side}: {sequence.warning}"
        for side, sequences in (("old side", old), ("new side", new))
        for sequence in sequences.values()
        if sequence.behind
    )
    return tuple(change for change in changes if change.old != change.new), tuple(warnings)


def _pieces(pairs: Mapping[str, tuple[str, Pair]]) -> Iterator[dict[str, tuple[str, Pair]]]:
    """Large tables one by one, the largest first, then the small ones, many at a time."""
    large = {name for name, (_, pair) in pairs.items() if is_divided(pair)}
    for name in sorted(large, key=lambda name: -pairs[name][1].old.bytes):
        yield {name: pairs[name]}
    yield from _slices([name for name in pairs if name not in large], pairs)


def _slices(names: list[str], pairs: Mapping[str, tuple[str, Pair]]) -> Iterable[dict[str, tuple[str, Pair]]]:
    for start in range(0, len(names), TABLES_PER_PIECE):
        yield {name: pairs[name] for name in names[start : start + TABLES_PER_PIECE]}


def _compared(name: str, new_name: str, pair: Pair, rows: RowsDifference) -> ComparedTable:
    return ComparedTable(
        name,
        new_name if new_name != name else None,
        rows.rows,
        rows.missing,
        rows.extra,
        rows.changed,
        rows.changed_columns,
        rows.looked_into,
        only_old=pair.only_old,
        only_new=pair.only_new,
        retyped=pair.retyped or {},
        by_key=pair.by_key,
        samples=rows.samples,
    )
