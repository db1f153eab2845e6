"""Compares the schemas of two sides, whatever they are."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.differences.sides import Progress, Side, is_url, read_side
from migsafe.errors import ExitCode
from migsafe.schema import owners as owners_of
from migsafe.schema.compatibility.judge import Impact, judge
from migsafe.schema.diff import SchemaDifference, compare_schemas

if TYPE_CHECKING:
    from migsafe.config import Settings


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs between two schemas, and whom that breaks. ``notes`` say what was not compared, and why."""

    old: Side
    new: Side
    difference: SchemaDifference
    impact: Impact
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.UNSAFE if self.difference else ExitCode.SAFE


def find_differences(old: str, new: str, settings: Settings, progress: Progress, *, owners: bool = True) -> Differences:
    """Read both sides and compare them; without ``owners``, or where a side says nothing of them, not by those."""
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:  # two databases work at the same time; two throwaway servers one by one
        at_once = all(is_url(text) for text in (old, new))
        each = pool.map if at_once else map
        sides = list(each(lambda text: read_side(text, settings, progress), (old, new)))
    notes: tuple[str, ...] = ()
    if not owners or not all(side.owners for side in sides):
        sides = [without_owners(side) for side in sides]
        why = "the migrations were run by whoever runs migsafe" if owners else "as asked"
        notes = (f"owners and default privileges are left out: {why}",)
    difference = compare_schemas(sides[0].catalog.schema, sides[1].catalog.schema)
    impact = judge(sides[0].catalog, sides[1].catalog)
    return Differences(sides[0], sides[1], difference, impact, notes, time.monotonic() - started)


def without_owners(side: Side) -> Side:
    """The side with nothing said of who owns what."""
    schema = owners_of.without_owners(side.catalog.schema)
    return replace(side, catalog=replace(side.catalog, schema=schema), owners=False)
