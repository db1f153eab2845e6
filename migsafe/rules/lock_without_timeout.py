"""A lock that blocks others is waited for without a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.edits import before
from migsafe.rules.rule import Match, Rule
from migsafe.sql import actions
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context, Step


def find(_: actions.Action, context: Context) -> Iterator[Match]:
    strong = context.first_unbounded("lock_timeout")
    if strong is None:
        return
    local = "LOCAL " if context.in_transaction else ""
    yield Match(
        f"{strong.mode} on {strong.relation} is waited for without a bound, and behind it everybody who comes later.",
        f"SET {local}lock_timeout = '2s';\n{context.statement.text};",
        strong.relation,
        fixes=tuple((before(f"SET {each}lock_timeout = '2s'"),) for each in ("LOCAL ", ""))
        if not any(_waits_long(step) for step in context.later)
        else (),
    )


def _waits_long(step: Step) -> bool:
    """Whether it is done CONCURRENTLY, where a timeout would leave an invalid index behind."""
    return getattr(step.action, "concurrently", False) is True


RULE = Rule(
    id="lock-without-timeout",
    hazard="F1",
    title="A strong lock is waited for without a bound",
    explanation="A statement that wants a strong lock waits for the longest transaction that runs, and all later "
    "queries on the table wait behind it. With lock_timeout it gives up and can be tried again.",
    on=(
        *(each for each in actions.AlterTable.__subclasses__()),
        actions.CreateIndex,
        actions.Drop,
        actions.Rename,
        actions.SetSchema,
        actions.Create,
        actions.Truncate,
        actions.Cluster,
        actions.Reindex,
        actions.RefreshMaterializedView,
        actions.Vacuum,
        actions.CreateTable,
    ),
    find=find,
    aliases=(
        "require-lock-timeout",
        "require-timeout-settings",
        "E9",
        "require-timeout",
        "missing-lock-timeout",
        "lock-timeout-zero",
        "MP004",
    ),
    claims=(Locks(LockMode.ACCESS_EXCLUSIVE, Meanwhile.NO_TIMEOUT),),
    given="CREATE TABLE orders (id bigint);",
    bad="ALTER TABLE orders ADD COLUMN note text;",
    good="SET lock_timeout = '2s';\nALTER TABLE orders ADD COLUMN note text;\nCREATE TABLE fresh (id bigint);",
)
