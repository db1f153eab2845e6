"""The section of the terminal report on what was locked: the longest held of the locks that are in others' way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from migsafe.findings import MigrationReport
from migsafe.plain import one_line, shortened
from migsafe.reports.told import in_the_way, lock_held

if TYPE_CHECKING:
    from migsafe.reports.page import Page

SHOWN = 10
"""Locks of the whole report; ``migsafe trace`` shows them all, with everything else."""


def locks(page: Page, migrations: Sequence[MigrationReport]) -> None:
    """Each lock that keeps others from reading or writing, below the migration, with the statement that took it."""
    found = in_the_way(migrations)
    if not found:
        return
    by_length = sorted(range(len(found)), key=lambda each: -(found[each].lock.milliseconds or float("inf")))
    page.write()
    page.write(("locks that others wait for", "bold"))
    before = None
    for each in (found[number] for number in sorted(by_length[:SHOWN])):
        migration, statement = each.migration, each.statement
        if migration is not before:
            page.write(one_line(f"{migration.version} {migration.description}".strip()), indent=2, hanging=2)
        before = migration
        held = one_line(lock_held(each.lock, each.relations))
        page.write((held, "red" if each.blocks_reads else "yellow"), indent=4, hanging=2)
        sql = shortened(statement.sql, page.width)
        if statement.location.file:
            page.whole(f"by {one_line(str(statement.location))}", indent=6, style="dim")
            page.write((sql, "dim"), indent=8, hanging=2)
        else:
            page.write((f"by {sql}", "dim"), indent=6, hanging=2)
    if len(found) > SHOWN:
        page.write(f"… and {len(found) - SHOWN:,} held less long; migsafe trace shows all", indent=2, hanging=2)
