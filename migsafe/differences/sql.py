"""A difference between schemas as the SQL that leads from the old one to the new one."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.differences.engine import Differences
from migsafe.plain import one_line
from migsafe.schema.renames import likely_renames


def render(differences: Differences, **_: object) -> str:
    """The statements, each with its semicolon, after comments that say what could not be written."""
    return "".join(f"{line}\n" for line in _lines(differences))


def _lines(differences: Differences) -> Iterator[str]:
    old, new = differences.old, differences.new
    yield f"-- From {one_line(old.name)} to {one_line(new.name)}."
    script = differences.script()
    if not script:
        yield "-- Nothing differs."
    if any(" ADD VALUE " in statement for statement in script.statements):
        yield "-- Run it statement by statement: a new value of an enum can't be used in the transaction that adds it."
    yield from (f"-- NOT WRITTEN {one_line(str(each))}" for each in script.not_written)
    yield from (f"-- {one_line(note)}" for note in differences.notes)
    for rename in likely_renames(differences.difference, differences.renaming.catalog, new.catalog):
        yield f"-- Only a new name? Then keep the values, and write instead: {one_line(rename)};"
    for statement in script.statements:
        yield f"{statement};"
