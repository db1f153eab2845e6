"""What a rule says of the server, in a form that a run can be held to.

Each rule's examples are run on servers of the versions :data:`PROVED_ON`: its bad example shows what the rule claims,
its good example doesn't. Where a run of the gate was traced, what it shows of a claim overrules the finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from migsafe.findings import Statement
from migsafe.sql.lock_modes import LockMode

PROVED_ON = (13, 15, 17, 18)
"""The major versions on which ``tests/claims/test_claims.py`` runs every example."""


class Meanwhile(StrEnum):
    """What happens while a lock is held, in words that follow its name."""

    NOTHING = ""
    READ = "while every row is read"
    REWRITE = "while it is written anew"
    CHANGE = "while rows are changed"
    NO_TIMEOUT = "with no lock_timeout"


@dataclass(frozen=True, slots=True)
class Shown:
    """A statement that does what a claim says, the relation by its printed name, and the lock's mode."""

    statement: Statement
    relation: str
    mode: LockMode


@dataclass(frozen=True, slots=True)
class Locks:
    """A statement locks a relation that was there before, in this mode, ``meanwhile`` something happens to it.

    ``relation`` is the one that the finding is about unless it is named here. ``elsewhere``: the lock may be on another
    relation than that to which something happens. ``times`` counts the transactions that do it.
    """

    mode: LockMode
    meanwhile: Meanwhile = Meanwhile.NOTHING
    relation: str = ""
    elsewhere: bool = False
    times: int = 1

    def __str__(self) -> str:
        on = f" on `{self.relation}`" if self.relation else " on a table" if self.elsewhere else ""
        often = f"{self.times} times " if self.times > 1 else ""
        return f"{often}{self.mode} lock{on} {self.meanwhile}".strip()

    def of_anybody(self) -> Locks:
        """The same of any lock that reads or writes must wait for: SHARE is the weakest."""
        return replace(self, mode=LockMode.SHARE)

    def shown(self, statements: Sequence[Statement]) -> Iterator[Shown]:
        """Where the statements do it, with the strongest mode that is held on the relation at that moment.

        A lock counts from its statement to the end of the transaction, also where a savepoint was rolled back.
        """
        times: dict[str, int] = {}
        held: dict[str, LockMode] = {}
        transaction = None
        told: set[str] = set()  # of this transaction
        for statement in statements:
            if statement.transaction is None or statement.transaction != transaction:
                held, told, transaction = {}, set(), statement.transaction
            for lock in statement.locks:
                mode = LockMode(lock.mode)
                held[lock.relation] = max(mode, held.get(lock.relation, mode), key=lambda each: each.strength)
            strongest = max(held.values(), key=lambda each: each.strength, default=None)
            for relation in dict.fromkeys(self._happens(statement, held)):
                found = strongest if self.elsewhere else held.get(relation)
                if found is None or found.strength < self.mode.strength:
                    continue
                if relation not in told:
                    told.add(relation)
                    times[relation] = times.get(relation, 0) + 1
                if times[relation] >= self.times:
                    yield Shown(statement, relation, found)

    def _happens(self, statement: Statement, held: Mapping[str, LockMode]) -> Iterator[str]:
        """The relations to which it happens, whatever the mode of their locks."""
        if self.meanwhile is Meanwhile.READ:
            yield from (scan.relation for scan in statement.scans if scan.whole)
        elif self.meanwhile is Meanwhile.REWRITE:
            yield from (rewrite.relation for rewrite in statement.rewrites)
        elif self.meanwhile is Meanwhile.CHANGE:
            if statement.changes_rows:
                yield from held
        elif self.meanwhile is Meanwhile.NOTHING or not statement.lock_timeout:
            yield from (lock.relation for lock in statement.locks)


@dataclass(frozen=True, slots=True)
class Says:
    """The server refuses a statement, or warns, with this SQLSTATE (PostgreSQL manual, appendix A)."""

    sqlstate: str

    def __str__(self) -> str:
        return f"the server says {self.sqlstate}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody else sends afterwards is answered otherwise than before.

    An answer is the first value of the last row set, as text, or the SQLSTATE of a refusal; none stands for any that is
    no refusal. ``runs`` says how often the script has been run by then; only the first run needs to succeed.
    """

    query: str
    before: str | None = None
    after: str | None = None
    runs: int = 1

    def __str__(self) -> str:
        again = ", run twice," if self.runs > 1 else ""
        return f"`{self.query}`{again} then gives {self.after}" if self.after else f"`{self.query}` is then accepted"


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing of it can be seen on a server; the reason says why it is a rule all the same."""

    reason: str

    def __str__(self) -> str:
        return self.reason


Claim = Locks | Says | Answers | Nothing
