"""The modes of locks on relations, and what each must wait for (PostgreSQL manual, 13.3.1, table 13.2)."""

from __future__ import annotations

from enum import StrEnum


class LockMode(StrEnum):
    """A mode as LOCK TABLE spells it, from the weakest to the strongest."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @property
    def strength(self) -> int:
        """Its place in the order, from 0."""
        return _ORDER[self]

    @property
    def in_pg_locks(self) -> str:
        """As ``pg_locks.mode`` has it: ``AccessExclusiveLock``."""
        return f"{self.title().replace(' ', '')}Lock"

    def conflicts_with(self, other: LockMode) -> bool:
        """Whether the two can't be held on one relation by two transactions at the same time."""
        return other in _CONFLICTS[self]

    @property
    def blocks(self) -> tuple[str, ...]:
        """What must wait for it: ``reads`` (SELECT), ``writes`` (INSERT and its kin), ``DDL`` (most ALTER TABLE)."""
        return tuple(what for what, mode in _WHAT_TAKES.items() if self.conflicts_with(mode))

    @property
    def stops(self) -> str:
        """Of an application what must wait for it, in words: ``reads and writes``, ``writes``, or nothing."""
        return " and ".join(what for what in self.blocks if what != "DDL")


_ORDER = {mode: place for place, mode in enumerate(LockMode)}

_CONFLICTS = {
    LockMode.ACCESS_SHARE: {LockMode.ACCESS_EXCLUSIVE},
    LockMode.ROW_SHARE: {LockMode.EXCLUSIVE, LockMode.ACCESS_EXCLUSIVE},
    LockMode.ROW_EXCLUSIVE: {
        LockMode.SHARE,
        LockMode.SHARE_ROW_EXCLUSIVE,
        LockMode.EXCLUSIVE,
        LockMode.ACCESS_EXCLUSIVE,
    },
    LockMode.SHARE_UPDATE_EXCLUSIVE: {*LockMode} - {LockMode.ACCESS_SHARE, LockMode.ROW_SHARE, LockMode.ROW_EXCLUSIVE},
    LockMode.SHARE: {*LockMode} - {LockMode.ACCESS_SHARE, LockMode.ROW_SHARE, LockMode.SHARE},
    LockMode.SHARE_ROW_EXCLUSIVE: {*LockMode} - {LockMode.ACCESS_SHARE, LockMode.ROW_SHARE},
    LockMode.EXCLUSIVE: {*LockMode} - {LockMode.ACCESS_SHARE},
    LockMode.ACCESS_EXCLUSIVE: {*LockMode},
}

_WHAT_TAKES = {
    "reads": LockMode.ACCESS_SHARE,
    "writes": LockMode.ROW_EXCLUSIVE,
    "DDL": LockMode.ACCESS_EXCLUSIVE,
}

_IN_PG_LOCKS = {mode.in_pg_locks: mode for mode in LockMode}


def lock_mode(name: str) -> LockMode:
    """The mode that ``pg_locks`` calls so. Raises :class:`KeyError` for one that no relation is locked in."""
    return _IN_PG_LOCKS[name]


def by_number(number: int) -> LockMode:
    """The mode by the number that the grammar gives it, from 1 (lockdefs.h)."""
    return tuple(LockMode)[number - 1]
