"""What a rule may ask besides the action it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from migsafe.catalog import Catalog, Table
from migsafe.catalog.names import is_missing
from migsafe.rules.locks import Lock, locks_of
from migsafe.sql.actions import Action, AddColumn, AlterTable, CreateIndex, Drop, EndOfScript, Kind, SetVariable
from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import Name
from migsafe.sql.parsing import ParsedStatement, Within
from migsafe.sql.scopes import Use, uses

OLDEST_VERSION = 14
"""The major version that is assumed where none is given: rules warn of what is a hazard there."""


@dataclass(frozen=True, slots=True)
class Step:
    """An action of the script, with its statement and the transaction it runs in.

    ``transaction`` numbers the transactions of the script that hold more than one statement; none says that the
    statement is one of its own. ``locks`` are those that the action takes on relations that were there before.
    """

    action: Action
    statement: ParsedStatement
    transaction: int | None
    locks: tuple[Lock, ...] = ()


@dataclass(frozen=True)
class Context:
    """One action's surroundings. ``catalog`` stands as it is right before the action, and must not be changed.

    ``steps`` are all of the script; this one is ``steps[number]``. ``server_version`` is a major version. ``settings``
    are rules' own, by name.
    """

    steps: Sequence[Step]
    number: int
    catalog: Catalog
    server_version: int = OLDEST_VERSION
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def step(self) -> Step:
        return self.steps[self.number]

    @property
    def earlier(self) -> Sequence[Step]:
        """The steps before this one, in the order of the script."""
        return self.steps[: self.number]

    @property
    def later(self) -> Sequence[Step]:
        """The steps after this one; their locks aren't known yet."""
        return self.steps[self.number + 1 :]

    @property
    def statement(self) -> ParsedStatement:
        return self.step.statement

    @property
    def in_transaction(self) -> bool:
        """Whether the runner has a transaction open around more than this statement."""
        return self.step.transaction is not None

    @property
    def in_same_transaction(self) -> Iterator[Step]:
        """The earlier steps whose locks are still held."""
        if self.step.transaction is not None:
            yield from (each for each in self.earlier if each.transaction == self.step.transaction)

    def is_new(self, relation: Name) -> bool:
        """Whether this script made the relation, so that there are no rows in it yet and nobody waits for it."""
        return self.catalog.is_new(relation)

    def is_built(self, action: CreateIndex) -> bool:
        """Whether a migration before this script has built the index, so that IF NOT EXISTS passes over it."""
        name = self.catalog.qualified(action.table).beside(action.name or "")
        return action.if_not_exists and self.catalog.index(name) is not None

    def is_new_column(self, table: Name, column: str) -> bool:
        """Whether this script gave the table the column, so that no application uses it yet."""
        qualified = self.catalog.qualified(table)
        return any(
            isinstance(step.action, AddColumn)
            and step.action.column.name == column
            and self.catalog.qualified(step.action.table) == qualified
            for step in self.earlier
        )

    def table(self, name: Name) -> Table | None:
        """The table, where it was seen being made or changed."""
        return self.catalog.table(name)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """The locks that this action takes on relations that were there before the script."""
        return self.step.locks

    @property
    def locks_held(self) -> Iterator[Lock]:
        """The locks that the transaction took before this action."""
        for step in self.in_same_transaction:
            yield from step.locks

    @property
    def exclusive_lock_held(self) -> Lock | None:
        """The first ACCESS EXCLUSIVE lock that the transaction took before, but for one on what it dropped.

        Nobody waits for that any more.
        """
        for step in self.in_same_transaction:
            dropped = isinstance(step.action, Drop) and step.action.kind is not Kind.INDEX and step.action.table is None
            for lock in () if dropped else step.locks:
                if lock.mode is LockMode.ACCESS_EXCLUSIVE:
                    return lock
        return None

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """What the statement names; nothing but for its last action, so that each name comes once.

        Nothing where a name may be a variable of PL/pgSQL, or the statement may not be run at all.
        """
        follows = next((step for step in self.later if not isinstance(step.action, EndOfScript)), None)
        if follows is not None and follows.statement is self.statement:
            return ()
        if self.statement.within is not Within.SCRIPT or self.statement.conditional:
            return ()
        return tuple(uses(self.statement.node))

    def first_unbounded(self, timeout: str) -> Lock | None:
        """The lock of the script's first statement with one that others wait for, where this timeout is not set."""
        strong = next((lock for lock in self.locks if lock.mode.stops), None)
        if strong is None or self.setting(timeout) not in (None, "0", "0s", "0ms", "0min"):
            return None
        return None if any(lock.mode.stops for step in self.earlier for lock in step.locks) else strong

    def setting(self, name: str) -> str | None:
        """The value that the script gave a run-time parameter of the session, such as ``lock_timeout``."""
        value = None
        for step in self.earlier:
            action = step.action
            if isinstance(action, SetVariable) and action.name == name:
                same = step.transaction is not None and step.transaction == self.step.transaction
                if same or not action.local:
                    value = action.value
        return value


def step_of(action: Action, statement: ParsedStatement, transaction: int | None, catalog: Catalog) -> Step:
    """A step, with the locks that its action takes on what was there before."""
    there = () if _passes_over(action, catalog) else locks_of(action)
    locks = tuple(_of_its_table(lock, catalog) for lock in there if not catalog.is_new(lock.relation))
    return Step(action, statement, transaction, locks)


def _passes_over(action: Action, catalog: Catalog) -> bool:
    """Whether IF EXISTS passes over what is surely not there."""
    match action:
        case Drop(if_exists=True):
            return is_missing(action.name, catalog)
        case AlterTable(if_exists=True):
            return is_missing(action.table, catalog)
        case _:
            return False


def _of_its_table(lock: Lock, catalog: Catalog) -> Lock:
    """A lock that keeps everybody from an index keeps them from its table, on which the server takes it too."""
    index = catalog.index(lock.relation) if lock.mode is LockMode.ACCESS_EXCLUSIVE else None
    return Lock(lock.mode, index.table) if index else lock
