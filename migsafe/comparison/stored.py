"""Compares two fingerprints: tables and columns, and how many parts of a table differ, but no rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.comparison.choice import Choice, Matched, match
from migsafe.comparison.live import compare_sequences
from migsafe.comparison.result import ComparedTable, Comparison
from migsafe.fingerprints import Fingerprint, require_same_making
from migsafe.rows.contents import Bucket, TableContents

if TYPE_CHECKING:
    from migsafe.comparison.result import ComparedSide
    from migsafe.rows.sequences import Sequence


def compare_stored(
    old: Fingerprint, new: Fingerprint, sides: tuple[ComparedSide, ComparedSide], choice: Choice
) -> Comparison:
    """Compare what both fingerprints have of the tables that are chosen.

    Raises :class:`migsafe.errors.CannotCheck` when they were made in ways that can't be compared.
    """
    require_same_making(old.making, new.making, f"{sides[0].name}, {sides[1].name}")
    not_checked = {**new.not_checked, **old.not_checked}
    ours, theirs = _wholes(old, not_checked), _wholes(new, not_checked)
    pairs = match(_columns(ours), _columns(theirs), choice)
    tables = []
    for each in pairs:
        table = _compare(each, ours[each.old], theirs[each.new])
        if table is None:
            not_checked[each.old] = "its digests can't be compared: the primary key or types of columns differ"
        else:
            tables.append(table)
    matched = {each.new for each in pairs}
    changes, behind = compare_sequences(_sequences(old, choice), _sequences(new, choice))
    return Comparison(
        *sides,
        tables=tuple(tables),
        only_old={n: t.rows for n, t in ours.items() if choice.chooses(n) and n not in {each.old for each in pairs}},
        only_new={n: t.rows for n, t in theirs.items() if choice.chooses(n) and n not in matched},
        sequences=changes,
        behind=behind,
        not_checked={name: why for name, why in sorted(not_checked.items()) if choice.chooses(name)},
    )


def _columns(tables: Mapping[str, TableContents]) -> dict[str, list[str]]:
    return {name: [*table.columns] for name, table in tables.items()}


def _sequences(fingerprint: Fingerprint, choice: Choice) -> dict[str, Sequence]:
    return {each.name: each for each in fingerprint.sequences if choice.chooses(each.name)}


def _wholes(fingerprint: Fingerprint, not_checked: Mapping[str, str]) -> dict[str, TableContents]:
    """The tables, with partitioned ones in place of their partitions where all of them were read."""
    roots = fingerprint.partitions
    return {
        name: table
        for name, table in fingerprint.tables.items()
        if name not in not_checked and roots.get(name) not in fingerprint.tables
    }


def _compare(matched: Matched, old: TableContents, new: TableContents) -> ComparedTable | None:
    """None if nothing can be said of the values, although the counts are the same."""
    names = {name: matched.renamed.get(name, name) for name in old.columns if name not in matched.ignored}
    shared = {name: other for name, other in names.items() if other in new.columns}
    table = ComparedTable(
        matched.old,
        matched.new if matched.new != matched.old else None,
        (old.rows, new.rows),
        only_old=tuple(name for name in names if name not in shared),
        only_new=tuple(name for name in new.columns if name not in shared.values() and name not in matched.ignored),
        by_key=bool(old.key),
    )
    same_key = [(matched.renamed.get(name, name), method) for name, method in old.key] == list(new.key)
    columns: dict[str, int | None] = {}
    unsure = False
    for name, other in shared.items():
        before, after = old.columns[name], new.columns[other]
        if before.values != after.values:
            columns[name] = None
        elif not same_key or before.method != after.method:
            unsure = True
        elif before.digest != after.digest:
            columns[name] = None
    all_shared = not (table.only_old or table.only_new or matched.ignored or unsure)
    whole_rows = all_shared and [*names] == [*new.columns] and same_key and old.row_digest != new.row_digest
    table = replace(table, columns=columns, whole_rows=whole_rows)
    if unsure and not table.differs:
        return None
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
            total[column] = (total[column] + value) % (1 << 64)
    return [tuple(total) for total in sums]
