"""Compares two fingerprints: tables and columns, and how many parts of a table differ, but no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.comparison.choice import Choice, Matched, choose
from migsafe.comparison.result import ComparedTable, Comparison
from migsafe.comparison.sequences import Sequences, compare_sequences
from migsafe.fingerprints import Fingerprint, require_same_making
from migsafe.rows.contents import MODULUS, Bucket, TableContents

if TYPE_CHECKING:
    from migsafe.comparison.result import ComparedSide
    from migsafe.rows.tables import Chooses

OTHERWISE_MADE = "its digests can't be compared: the primary key or types of columns differ"
KEY_IGNORED = "its digests can't be compared without the primary key, which is in all of them"
ROWS_UNKNOWN = (
    "column by column it holds the same, but it has no primary key, and unless all columns are compared under the same "
    "names, digests don't tell whether values have changed places between rows"
)


def compare_stored(
    old: Fingerprint, new: Fingerprint, sides: tuple[ComparedSide, ComparedSide], choice: Choice
) -> Comparison:
    """Compare what both fingerprints have of the tables that are chosen.

    Raises :class:`migsafe.errors.CannotCheck` when they were made in ways that can't be compared.
    """
    require_same_making(old.making, new.making, f"{sides[0].name}, {sides[1].name}")
    chosen = choose(old.found, new.found, choice, lambda table: table.columns)
    not_checked = {**chosen.not_checked}
    sequences = (
        _sequences(old, choice.chooses, not_checked),
        _sequences(new, choice.from_origins(chosen.origins), not_checked),
    )
    choice.require_found({*chosen.names, *sequences[0], *sequences[1]})
    tables = []
    for each in chosen.pairs:
        table = _compare(each, chosen.old[each.old], chosen.new[each.new])
        if isinstance(table, str):
            not_checked[each.old] = table
        else:
            tables.append(table)
    return Comparison(
        *sides,
        tables=tuple(tables),
        only_old={name: table.rows for name, table in chosen.only_old.items()},
        only_new={name: table.rows for name, table in chosen.only_new.items()},
        sequences=compare_sequences(*sequences, chosen.pairs),
        not_checked=dict(sorted(not_checked.items())),
    )


def _sequences(fingerprint: Fingerprint, chooses: Chooses, not_checked: Mapping[str, str]) -> Sequences:
    return {
        each.name: each
        for each in fingerprint.sequences
        if each.name not in not_checked and chooses(each.name, each.column.table if each.column else None)
    }


def _compare(matched: Matched, old: TableContents, new: TableContents) -> ComparedTable | str:
    """What differs; or, where nothing does as far as can be seen, why not all of it can."""
    names = {name: matched.renamed.get(name, name) for name in old.columns if name not in matched.ignored}
    shared = {name: other for name, other in names.items() if other in new.columns}
    same_key = [(matched.renamed.get(name, name), method) for name, method in old.key] == list(new.key)
    key_ignored = not matched.ignored.isdisjoint(name for name, _ in old.key)
    columns: dict[str, int | None] = {}
    why: str | None = None
    for name, other in shared.items():
        before, after = old.columns[name], new.columns[other]
        if before.values != after.values:
            columns[name] = None
        elif before.values and (not same_key or before.method != after.method):
            why = OTHERWISE_MADE
        elif before.digest != after.digest and key_ignored:
            why = why or KEY_IGNORED
        elif before.digest != after.digest:
            columns[name] = None
    table = ComparedTable(
        matched.old,
        matched.new if matched.new != matched.old else None,
        (old.rows, new.rows),
        columns=columns,
        only_old=tuple(name for name in names if name not in shared),
        only_new=tuple(name for name in new.columns if name not in shared.values() and name not in matched.ignored),
        by_key=bool(old.key),
        materialized=old.materialized or new.materialized,
    )
    all_shared = not (table.only_old or table.only_new or matched.ignored or why)
    if all_shared and [names[name] for name in sorted(names)] == sorted(new.columns):
        table = replace(table, whole_rows=same_key and old.row_digest != new.row_digest)
    elif old.rows and not old.key and len(shared) > 1:
        why = why or ROWS_UNKNOWN
    if why and not table.differs:
        return why
    return replace(table, buckets=_differing(old, new) if same_key and all_shared else None)


def _differing(old: TableContents, new: TableContents) -> tuple[int, int] | None:
    """How many parts differ, of how many: the finer division folded into the coarser."""
    number = min(len(old.buckets), len(new.buckets))
    if not number or [*old.columns] != [*new.columns]:
        return None
    ours, theirs = _folded(old.buckets, number), _folded(new.buckets, number)
    return sum(a != b for a, b in zip(ours, theirs, strict=True)), number


def _folded(buckets: tuple[Bucket, ...], number: int) -> list[tuple[int, ...]]:
    sums = [[0] * (1 + len(buckets[0].digests)) for _ in range(number)]
    for place, bucket in enumerate(buckets):
        total = sums[place % number]
        for column, value in enumerate((bucket.rows, *bucket.digests)):
            total[column] = (total[column] + value) % MODULUS
    return [tuple(total) for total in sums]
