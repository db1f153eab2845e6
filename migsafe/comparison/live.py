"""Compares two live databases, each in one snapshot: finds every row that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from migsafe.comparison.choice import Choice, Chosen, choose
from migsafe.comparison.result import ComparedSide, ComparedTable, Comparison
from migsafe.comparison.sequences import Sequences, compare_sequences
from migsafe.fingerprints import making_of
from migsafe.postgres.databases import server_version
from migsafe.postgres.snapshot_sessions import snapshot_sessions
from migsafe.postgres.trouble import explained
from migsafe.progress import Progress
from migsafe.rows.batches import Reading, read_all, reason
from migsafe.rows.both import both
from migsafe.rows.compare import RowsDifference, compare_pair
from migsafe.rows.digest import NATIVE, PORTABLE
from migsafe.rows.pairs import Pair, Selection, share
from migsafe.rows.sequences import read_sequences
from migsafe.rows.sums import is_divided, pair_sums
from migsafe.rows.tables import Chooses, find_all
from migsafe.rows.work import pieces, share_out

if TYPE_CHECKING:
    from migsafe.postgres.address import Address
    from migsafe.rows.digest import Table

TABLES_PER_PIECE = 100

Sessions = tuple[psycopg.Connection, ...]
"""One of the old side, one of the new."""


def compare_live(old: Address, new: Address, choice: Choice, progress: Progress) -> Comparison:
    """Compare all tables that both have; nothing is written. Locks: ACCESS SHARE on the tables being read.

    Raises :class:`migsafe.errors.ServerUnavailable`, and :class:`migsafe.errors.UsageError` for renames of nothing.
    """
    with (
        explained(str(old) if old == new else f"{old} or {new}"),
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
        old, new = find_all(before), find_all(after)
        chosen = choose(old, new, self.choice, lambda table: (column.name for column in table.columns))
        self.not_checked.update(chosen.not_checked)
        pairs = _pairs(chosen)
        sequences = self._sequences(chosen.origins)
        self.choice.require_found({*chosen.names, *self.not_checked, *sequences[0], *sequences[1]})
        changed = {name: table for part in share_out(self.crews, _pieces(pairs), self._compare) for name, table in part}
        return Comparison(
            ComparedSide("database", old_name, server_version(before)[0]),
            ComparedSide("database", new_name, server_version(after)[0]),
            tables=tuple(changed[name] for name in sorted(changed)),
            only_old=self._row_counts(before, chosen.only_old),
            only_new=self._row_counts(after, chosen.only_new),
            sequences=compare_sequences(*sequences, chosen.pairs),
            not_checked=dict(sorted(self.not_checked.items())),
            sample=self.choice.sample,
            where=self.choice.where,
        )

    def _compare(self, crew: Sessions, piece: Mapping[str, tuple[str, Pair]]) -> list[tuple[str, ComparedTable]]:
        before, after = crew
        self.progress(f"comparing {next(iter(piece))}")
        pairs = {name: pair for name, (_, pair) in piece.items()}
        found = []
        for name, sums in pair_sums(before, after, pairs, self.not_checked, self.selection).items():
            new_name, pair = piece[name]
            rows: RowsDifference | None
            try:
                rows = compare_pair(before, after, pair, sums, limit=self.choice.limit, selection=self.selection)
                found.append((name, _compared(name, new_name, pair, rows)))
            except psycopg.Error as error:
                if before.broken or after.broken:
                    raise
                self.not_checked[name] = f"it differs, but its rows can't be compared: {reason(error)}"
                known = _compared(name, new_name, pair, RowsDifference(rows=sums.rows))
                found.append((name, replace(known, missing=None, extra=None, changed=None, unread=True)))
        return found

    def _row_counts(self, connection: psycopg.Connection, tables: Mapping[str, Table]) -> dict[str, int]:
        readings = (Reading(name, sql.SQL("count(*) FROM {}").format(t.source), 1) for name, t in tables.items())
        return {name: int(rows[0][0]) for name, rows in read_all(connection, readings, self.not_checked)}

    def _sequences(self, origins: Mapping[str, str]) -> tuple[Sequences, Sequences]:
        """Those that both sides can read, or that one side lacks."""
        before, after = self.crews[0]
        sides = both(self._read_sequences, (before, self.choice.chooses), (after, self.choice.from_origins(origins)))
        old, new = ({name: each for name, each in side.items() if name not in self.not_checked} for side in sides)
        return old, new

    def _read_sequences(self, connection: psycopg.Connection, chooses: Chooses) -> Sequences:
        found = read_sequences(connection, self.not_checked, chooses=chooses, columns=True)
        return {each.name: each for each in found}


def _pairs(chosen: Chosen[Table]) -> dict[str, tuple[str, Pair]]:
    """By the old name: the new one, and both tables."""
    return {
        each.old: (
            each.new,
            share(chosen.old[each.old], chosen.new[each.new], renamed=each.renamed, ignored=each.ignored),
        )
        for each in chosen.pairs
    }


def _pieces(pairs: Mapping[str, tuple[str, Pair]]) -> Iterator[dict[str, tuple[str, Pair]]]:
    large = {name: pair.old.bytes for name, (_, pair) in pairs.items() if is_divided(pair)}
    for names in pieces(large, [name for name in pairs if name not in large], TABLES_PER_PIECE):
        yield {name: pairs[name] for name in names}


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
        materialized=pair.old.materialized or pair.new.materialized,
        samples=rows.samples,
    )
