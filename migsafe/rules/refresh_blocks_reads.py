"""REFRESH MATERIALIZED VIEW without CONCURRENTLY."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import RefreshMaterializedView
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.catalog import Catalog
    from migsafe.rules.context import Context
    from migsafe.sql.names import Name


def find(action: RefreshMaterializedView, context: Context) -> Iterator[Match]:
    if action.concurrently or not action.with_data or context.is_new(action.name):
        return
    rewrite = f"REFRESH MATERIALIZED VIEW CONCURRENTLY {action.name};"
    if not has_whole_key(action.name, context.catalog):
        rewrite = f"-- first CREATE UNIQUE INDEX on columns of {action.name} that tell its rows apart\n{rewrite}"
    yield Match(
        f"Refreshing {action.name} takes an ACCESS EXCLUSIVE lock on it: every read waits until its query is done.",
        rewrite,
        action.name,
    )


def has_whole_key(view: Name, catalog: Catalog) -> bool:
    """Whether a unique index is known that CONCURRENTLY can use: over plain columns and all rows."""
    return any(
        each.unique and each.valid and each.predicate is None and None not in each.columns
        for each in catalog.indexes(view)
    )


RULE = Rule(
    id="refresh-blocks-reads",
    hazard="D15",
    title="A materialized view is refreshed while reads wait",
    explanation="REFRESH MATERIALIZED VIEW holds ACCESS EXCLUSIVE on the view until its query is done. CONCURRENTLY "
    "lets reads pass; it needs a unique index over all rows.",
    on=(RefreshMaterializedView,),
    find=find,
    aliases=(
        "refresh-matview-non-concurrent",
        "refresh-matview-blocking",
        "MP033",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.REWRITE),),
    given="CREATE MATERIALIZED VIEW totals AS SELECT 1 AS id;\nCREATE UNIQUE INDEX totals_id ON totals (id);",
    bad="REFRESH MATERIALIZED VIEW totals;",
    good="REFRESH MATERIALIZED VIEW CONCURRENTLY totals;",
)
