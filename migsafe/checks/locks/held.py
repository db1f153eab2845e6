"""Which locks keep an application from a table while each statement of a run is at work. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migsafe.findings import Lock, Statement
from migsafe.sql.lock_modes import LockMode


@dataclass(frozen=True, slots=True)
class Moment:
    """A statement, and the locks that keep reads or writes from tables with rows while it runs.

    ``taken`` are its own, ``held`` those of statements before it in the same transaction, the strongest first.
    ``rows`` are those of all tables that have some. ``measured`` says how its work grew from the one size to the other.
    """

    statement: Statement
    taken: tuple[Lock, ...]
    held: tuple[Lock, ...]
    rows: Mapping[str, int]
    measured: str = ""

    @property
    def blocking(self) -> tuple[Lock, ...]:
        """All of them, the strongest first."""
        return _strongest_first((*self.taken, *self.held))

    def on(self, relation: str) -> Lock | None:
        """The strongest one on this table; none if it is free."""
        return next((lock for lock in self.blocking if lock.relation == relation), None)


def moments(
    statements: Sequence[Statement], rows: Mapping[str, int], measured: Mapping[int, str] | None = None
) -> Iterator[Moment]:
    """The statements with what is blocked meanwhile, in order. ``measured`` goes by the number of the statement."""
    filled = {table: count for table, count in rows.items() if count}
    open_transactions: dict[int, _Open] = {}
    for number, statement in enumerate(statements):
        transaction = open_transactions.get(statement.backend)
        if transaction is None or statement.transaction is None or transaction.number != statement.transaction:
            transaction = open_transactions[statement.backend] = _Open(statement.transaction)
        held = transaction.held
        taken = tuple(lock for lock in statement.locks if stops(lock) and lock.relation in filled)
        transaction.take(statement, taken)
        yield Moment(statement, _strongest_first(taken), held, filled, (measured or {}).get(number, ""))


def stops(lock: Lock) -> str:
    """What of an application waits for it: ``reads and writes``, ``writes``, or nothing."""
    return LockMode(lock.mode).stops


def _strongest_first(locks: Sequence[Lock]) -> tuple[Lock, ...]:
    return tuple(sorted(locks, key=lambda lock: -LockMode(lock.mode).strength))


class _Open:
    """A transaction while it is read: its locks, and how many there were at each savepoint."""

    def __init__(self, number: int | None) -> None:
        self.number = number
        self._locks: list[Lock] = []
        self._savepoints: list[tuple[str, int]] = []

    @property
    def held(self) -> tuple[Lock, ...]:
        return _strongest_first(self._locks)

    def take(self, statement: Statement, locks: Sequence[Lock]) -> None:
        """What is held once the statement is done: ROLLBACK TO gives back what was taken since the savepoint."""
        self._locks.extend(locks)
        name = statement.sql.strip("; \t\r\n").rpartition(" ")[2].strip('"')
        if statement.command_tag == "SAVEPOINT":
            self._savepoints.append((name, len(self._locks)))
        elif statement.command_tag == "ROLLBACK":
            while self._savepoints and self._savepoints[-1][0] != name:
                self._savepoints.pop()
            del self._locks[self._savepoints[-1][1] if self._savepoints else 0 :]
