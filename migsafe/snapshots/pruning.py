"""Which snapshots may be removed, and why the others stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.plain import one_line

if TYPE_CHECKING:
    from migsafe.snapshots.manifest import Snapshot

_AGE = re.compile(r"(\d+)\s*([hdw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be removed: what is not among the newest ``keep`` of its database and, if both are given, also too old.

    What has a tag stays, unless ``tagged`` lets it go by the same rules; what lies in ``spared`` stays in any case.
    """

    keep: int | None = None
    older_than: timedelta | None = None
    tagged: bool = False
    spared: Collection[Path] = ()


def reasons_to_keep(found: Sequence[Snapshot], rules: Rules, now: datetime) -> Mapping[Path, str | None]:
    """For each snapshot, by its directory, why it stays, or none if it may go. The oldest come first."""
    return {snapshot.path: _reason(snapshot, found, rules, now) for snapshot in found}


def _reason(snapshot: Snapshot, found: Sequence[Snapshot], rules: Rules, now: datetime) -> str | None:
    manifest = snapshot.manifest
    if rules.keep is not None and snapshot in _newest(found, snapshot, rules.keep):
        return f"among the newest {rules.keep} of {one_line(manifest.database)}"
    if rules.older_than is not None and now - manifest.taken <= rules.older_than:
        return "not that old"
    if snapshot.path in rules.spared:
        return "named with --except"
    if manifest.tag is not None and not rules.tagged:
        return f"it has the tag {one_line(manifest.tag)}; --tagged lets it go"
    return None


def _newest(found: Sequence[Snapshot], like: Snapshot, keep: int) -> Sequence[Snapshot]:
    source = (like.manifest.address, like.manifest.database)
    same = [each for each in found if (each.manifest.address, each.manifest.database) == source]
    return same[-keep:] if keep else ()


def parse_age(text: str) -> timedelta:
    """``12h``, ``30d`` or ``8w``. Raises :class:`UsageError` for anything else."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is no age", hint="Write hours, days or weeks: 12h, 30d, 8w.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
