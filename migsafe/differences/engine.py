"""Compares the schemas of two sides, whatever they are."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.comparison.renames import Columns, paired
from migsafe.differences.sides import Side, is_url, read_side
from migsafe.errors import ExitCode
from migsafe.progress import Progress
from migsafe.schema import owners as owners_of
from migsafe.schema.catalog import Catalog
from migsafe.schema.compatibility.judge import Impact, judge
from migsafe.schema.diff import SchemaDifference, compare_schemas
from migsafe.schema.renaming import TABLES, Renaming, rename, with_new_names
from migsafe.schema.statements.names import own_name, unquoted
from migsafe.schema.statements.script import Script, write_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from migsafe.config import Settings


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs between two schemas, and whom that breaks. ``notes`` say what was not compared, and why.

    ``renaming`` is the old side under the names that were given: ``difference`` is between that and the new side, and
    a new name is a field that differs.
    """

    old: Side
    new: Side
    renaming: Renaming
    difference: SchemaDifference
    impact: Impact
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.UNSAFE if self.difference else ExitCode.SAFE

    def script(self) -> Script:
        """What leads from the old side to the new one: first what is renamed."""
        script = write_script(self.renaming.catalog, self.new.catalog)
        return replace(script, statements=(*self.renaming.statements, *script.statements))


def find_differences(
    old: str, new: str, settings: Settings, progress: Progress, *, renames: Mapping[str, str], owners: bool = True
) -> Differences:
    """Read both sides and compare them; without ``owners``, or where a side says nothing of them, not by those.

    Raises :class:`migsafe.errors.UsageError` for ``renames`` of nothing, and as :func:`read_side` does.
    """
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:  # two databases work at the same time; two throwaway servers one by one
        at_once = all(is_url(text) for text in (old, new))
        each = pool.map if at_once else map
        sides = list(each(lambda text: read_side(text, settings, progress), (old, new)))
    notes: list[str] = []
    if not owners or not all(side.catalog.owners for side in sides):
        sides = [without_owners(side) for side in sides]
        notes.append(f"owners and default privileges are left out: {_why(sides) if owners else 'as asked'}")
    books = {table for side in sides for table in side.catalog.books}
    there = {*sides[0].catalog.schema, *sides[1].catalog.schema}
    sides = [replace(side, catalog=side.catalog.without_tables(books)) for side in sides]
    left_out = there.difference(*(side.catalog.schema for side in sides))
    if names := sorted(name for kind, name in left_out if kind == "table"):
        notes.append(f"{', '.join(names)} is left out: the migration tool keeps its books there")
    before, after = sides[0].catalog, sides[1].catalog
    renaming = rename(before, *paired(_columns(before), _columns(after), renames))
    difference = with_new_names(compare_schemas(renaming.catalog.schema, after.schema), renaming, after.schema)
    impact = judge(before, after, renamed={old.key: new.name for old, new in renaming.renamed})
    return Differences(sides[0], sides[1], renaming, difference, impact, tuple(notes), time.monotonic() - started)


def _why(sides: Iterable[Side]) -> str:
    if any(side.kind == "migrations" for side in sides):
        return "the migrations were run by whoever runs migsafe"
    return "a file was written without them"


def _columns(catalog: Catalog) -> Columns:
    tables = (item for kind in TABLES for item in catalog.schema.of_kind(kind))
    return {
        table.name: [unquoted(own_name(item)) for item in catalog.parts.get(table.name, ()) if item.kind == "column"]
        for table in tables
    }


def without_owners(side: Side) -> Side:
    """The side with nothing said of who owns what."""
    schema = owners_of.without_owners(side.catalog.schema)
    return replace(side, catalog=replace(side.catalog.narrowed(schema), owners=False))
