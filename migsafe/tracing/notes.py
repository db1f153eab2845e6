"""What the instruments told, as values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from migsafe.sql.lock_modes import LockMode, lock_mode
from migsafe.tracing.scans import Counters, counters_of
from migsafe.wire.instruments import Notice, Reading

Held = tuple[int, LockMode]
"""The oid of a relation and the mode in which it is locked."""

REASONS = {1: "persistence", 2: "default value", 4: "column type", 8: "access method"}
"""The bits of ``pg_event_trigger_table_rewrite_reason()`` (PostgreSQL manual, 9.29.2)."""

_UNITS = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "": 1}
_TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d|)\s*")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The session before (``is_start``) or after a DDL statement.

    ``files`` is the file of each locked relation, ``index_names`` the name of each locked index. ``counters`` are
    those of scans.
    """

    arrived: float
    is_start: bool
    position: int
    lock_timeout: int | None
    locks: frozenset[Held]
    files: Mapping[int, int | None]
    index_names: Mapping[int, str]
    counters: Counters


@dataclass(frozen=True, slots=True)
class RewriteNote:
    """The ``table_rewrite`` event."""

    relation: int
    reason: str


def read_notice(notice: Notice) -> Snapshot | RewriteNote:
    """A notice of ``install.sql`` as a value."""
    told = json.loads(notice.text)
    if told["event"] == "table_rewrite":
        bits = [reason for bit, reason in REASONS.items() if told["reason"] & bit]
        return RewriteNote(told["relation"], ", ".join(bits) or f"reason {told['reason']}")
    return Snapshot(
        arrived=notice.arrived,
        is_start=told["event"] == "ddl_command_start",
        position=told["position"],
        lock_timeout=read_time(told["lock_timeout"]),
        locks=frozenset((relation, lock_mode(mode)) for relation, mode, _, _ in told["locks"]),
        files={relation: file for relation, _, file, _ in told["locks"]},
        index_names={relation: bytes.fromhex(name).decode() for relation, _, _, name in told["locks"] if name},
        counters=counters_of(told["scans"]),
    )


def locks_of(reading: Reading | None) -> frozenset[Held] | None:
    """The locks that were read; none where they were not looked at."""
    if reading is None or reading.locks is None:
        return None
    return frozenset((relation, lock_mode(mode)) for relation, mode in reading.locks)


def read_time(text: str) -> int | None:
    """A time as the server shows a setting (PostgreSQL manual, 20.1.1), in milliseconds; none for anything else."""
    found = _TIME.fullmatch(text)
    return round(float(found[1]) * _UNITS[found[2]]) if found else None
