"""Findings on how locks are taken: waited for without a bound, one after the other, and CONCURRENTLY in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from migsafe.checks.locks.held import Moment
from migsafe.checks.locks.work import described, located
from migsafe.findings import STATEMENT, Evidence, Finding, Severity
from migsafe.plain import first_lines, shortened

if TYPE_CHECKING:
    from migsafe.findings import Location, Statement

IN_A_TRANSACTION = "25001"
"""SQLSTATE active_sql_transaction."""

SHOWN = 10

LONGEST = 100
"""Characters of a statement, where it is one line of several."""


def no_timeout(moments: Sequence[Moment], step: Location) -> Iterator[Finding]:
    """One for the step, at the first statement that waits without a bound for a lock which blocks others."""
    unbounded = [each for each in moments if each.taken and each.statement.lock_timeout == 0]
    if not unbounded:
        return
    first = unbounded[0]
    tables = dict.fromkeys(lock.relation for each in unbounded for lock in each.taken)
    yield Finding(
        rule="locks-no-timeout",
        severity=Severity.WARNING,
        message=f"A lock on {', '.join(tables)} is waited for without a bound, and everybody who comes later waits "
        "behind it.",
        remedy="SET lock_timeout before it (a few seconds), and try again when it runs out; or set it for the role "
        "that migrates ([server] settings tells migsafe).",
        location=located(first.statement, first.taken[0].relation, step),
        evidence=(Evidence("no lock_timeout at", "\n".join(first_lines([*_lines(unbounded)], SHOWN))),),
    )


def several_tables(moments: Sequence[Moment], step: Location) -> Iterator[Finding]:
    """One for each transaction that locks a table while it holds a lock on another, at its last such statement."""
    latest: dict[object, Moment] = {}
    for each in moments:
        held = {lock.relation for lock in each.held}
        if held and {lock.relation for lock in each.taken} - held:
            latest[each.statement.backend, each.statement.transaction] = each
    for last in latest.values():
        locks = {lock.relation: lock for lock in reversed((*last.held, *last.taken))}
        yield Finding(
            rule="locks-several-tables",
            severity=Severity.WARNING,
            message=f"One transaction locks {len(locks)} tables one after the other: while it waits for the next, the "
            "others can't be reached, and an application that takes them in another order deadlocks with it.",
            remedy="One transaction (one migration) for each table.",
            location=located(last.statement, last.taken[0].relation, step),
            evidence=(
                Evidence(STATEMENT, last.statement.sql.strip()),
                Evidence("locks", "\n".join(sorted(described(lock) for lock in locks.values()))),
            ),
        )


def concurrently_in_transaction(statements: Sequence[Statement], step: Location) -> Iterator[Finding]:
    """One for each statement that the server refused because of the transaction around it."""
    for statement in statements:
        if statement.error and statement.error.sqlstate == IN_A_TRANSACTION and "CONCURRENTLY" in statement.sql.upper():
            yield Finding(
                rule="locks-concurrently-in-transaction",
                severity=Severity.ERROR,
                message=f"The server refuses it inside a transaction: {statement.error.message}.",
                remedy="Let it run alone: autocommit_block() in Alembic, a file of its own for golang-migrate, "
                "executeInTransaction=false for Flyway, no BEGIN around it elsewhere.",
                location=statement.location if statement.location.file else step,
                evidence=(Evidence(STATEMENT, statement.sql.strip()),),
            )


def _lines(moments: Sequence[Moment]) -> Iterator[str]:
    for each in moments:
        relations = ", ".join(dict.fromkeys(lock.relation for lock in each.taken if lock.mode == each.taken[0].mode))
        yield f"{shortened(each.statement.sql, LONGEST)}: {each.taken[0].mode} on {relations}"
