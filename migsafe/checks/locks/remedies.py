"""What to do instead of work under a lock, by what the statement says it does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.sql.actions import Action

OWN_TRANSACTION = "Commit the change of the schema first, and do the work in a migration of its own, in batches."

REMEDIES: Mapping[str, str] = {
    "locks-index-build": "Build it with CREATE INDEX CONCURRENTLY, outside a transaction; a constraint takes it over "
    "with ADD CONSTRAINT … USING INDEX.",
    "locks-rewrite": "Add a new column beside the old one, fill it in batches, and let the application change over.",
    "locks-scan": "Let it be proved without the lock: add a CHECK … NOT VALID, and VALIDATE it in a transaction of its "
    "own.",
    "locks-backfill": OWN_TRANSACTION,
    "locks-held": "Put each statement that takes a strong lock into a transaction of its own, with nothing slow behind "
    "it.",
}
"""By rule."""

_BY_ACTION: Mapping[tuple[str, str], str] = {
    ("locks-index-build", "Reindex"): "REINDEX … CONCURRENTLY, outside a transaction.",
    ("locks-rewrite", "AddColumn"): "Add the column without that default, set the default afterwards (it holds for new "
    "rows then), and fill the old rows in batches.",
    ("locks-rewrite", "Vacuum"): "Leave it to autovacuum and plain VACUUM, which keep nobody waiting.",
    ("locks-rewrite", "Cluster"): "Build a table in that order beside it, and change over.",
    ("locks-rewrite", "RefreshMaterializedView"): "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index.",
    ("locks-scan", "SetNotNull"): "ADD CONSTRAINT … CHECK (… IS NOT NULL) NOT VALID, VALIDATE it in a later "
    "transaction, then SET NOT NULL, which scans nothing then.",
    ("locks-scan", "AddConstraint"): "ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a transaction of its own.",
    ("locks-scan", "ValidateConstraint"): "Validate in a transaction of its own: by itself it keeps nobody waiting.",
    (
        "locks-scan",
        "AttachPartition",
    ): "First give the partition a CHECK with its bounds, NOT VALID and then validated; ATTACH scans nothing then.",
}
"""By rule and kind of action."""


def remedy_of(rule: str, sql: str) -> str:
    """What to do instead, for this statement as far as its text tells."""
    kinds = (type(action).__name__ for action in actions_in(sql))
    return next((_BY_ACTION[rule, kind] for kind in kinds if (rule, kind) in _BY_ACTION), REMEDIES[rule])


def proves_rows(sql: str) -> bool:
    """Whether the statement, or one in its DO block, has every row looked at for something to hold."""
    return any(("locks-scan", type(action).__name__) in _BY_ACTION for action in actions_in(sql))


def builds_index(sql: str) -> bool:
    """Whether the statement, or one in its DO block, says that an index is built."""
    return any(_builds_index(action) for action in actions_in(sql))


def _builds_index(action: Action) -> bool:
    from migsafe.sql import actions

    if isinstance(action, actions.AddConstraint):
        kinds = (actions.ConstraintKind.PRIMARY_KEY, actions.ConstraintKind.UNIQUE, actions.ConstraintKind.EXCLUSION)
        return action.constraint.kind in kinds and action.constraint.using_index is None
    return isinstance(action, actions.CreateIndex | actions.Reindex)


@lru_cache(maxsize=64)
def actions_in(sql: str) -> tuple[Action, ...]:
    """What the statement does, with what is inside a DO block; nothing where it can't be taken apart."""
    from migsafe.sql.parsing import ParsedStatement, Within, parse_statement

    return tuple(
        action
        for parsed in parse_statement(sql)
        if isinstance(parsed, ParsedStatement) and parsed.within is not Within.FUNCTION
        for action in parsed.actions
    )
