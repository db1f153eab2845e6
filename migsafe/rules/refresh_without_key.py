"""REFRESH MATERIALIZED VIEW CONCURRENTLY of a view that has no unique index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.catalog.objects import View
from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.refresh_blocks_reads import has_whole_key
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import RefreshMaterializedView

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: RefreshMaterializedView, context: Context) -> Iterator[Match]:
    known = isinstance(context.catalog.find(action.name), View)
    if action.concurrently and known and not has_whole_key(action.name, context.catalog):
        yield Match(
            f"{action.name} has no unique index over all its rows, and PostgreSQL refuses to refresh it CONCURRENTLY.",
            f"-- CREATE UNIQUE INDEX on columns of {action.name} that tell its rows apart\n{context.statement.text};",
            action.name,
        )


RULE = Rule(
    id="refresh-without-key",
    hazard="D15",
    title="CONCURRENTLY needs a unique index of the materialized view",
    explanation="CONCURRENTLY compares old and new rows by a unique index over columns, with no expression and no "
    "WHERE. Without one it is refused (55000).",
    on=(RefreshMaterializedView,),
    find=find,
    severity=Severity.ERROR,
    aliases=("refresh-matview-concurrent",),
    claims=(Says("55000"),),
    given="CREATE MATERIALIZED VIEW totals AS SELECT 1 AS id;",
    bad="REFRESH MATERIALIZED VIEW CONCURRENTLY totals;",
    good="CREATE UNIQUE INDEX totals_id ON totals (id);\nREFRESH MATERIALIZED VIEW CONCURRENTLY totals;",
)
