"""The server's counters of sequential scans: how they are read, and after which statements a session is asked for them.

From 15 on a session keeps what it counts to itself until it is idle, and then puts it into shared memory, once a second
or where it is made to. Its own and the shared counts together only grow, so two of them tell what was read between.
Before 15 a collector is told, sooner or later: what the session has for itself is exact, and only within a transaction,
where it tells nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from migsafe.findings import command_of

Counters = Mapping[int, tuple[int, int]]
"""Sequential scans and the rows that they read, by the oid of the table; nothing of tables that have none."""

SHARED_SINCE = 15

_QUERY = """(
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(oid::bigint, scans, rows)), '[]')
    FROM (
        SELECT oid, {scans} AS scans, {rows} AS rows FROM {tables} WHERE relkind IN ('r', 'm') AND oid >= 16384
    ) AS counted
    WHERE scans > 0
)"""

_OWN = ("pg_catalog.pg_stat_get_xact_numscans(oid)", "pg_catalog.pg_stat_get_xact_tuples_returned(oid)")
_SHARED = ("pg_catalog.pg_stat_get_numscans(oid)", "pg_catalog.pg_stat_get_tuples_returned(oid)")


def counters_query(server_version: int) -> str:
    """A scalar subquery with the counters as JSON. Locks: ACCESS SHARE on ``pg_class``.

    From 15 on the session puts its own into shared memory as soon as it is idle afterwards.
    """
    scans, rows = _OWN
    tables = "pg_catalog.pg_class"
    if server_version // 10000 >= SHARED_SINCE:
        scans, rows = (f"{own} + {shared}" for own, shared in zip(_OWN, _SHARED, strict=True))
        tables += ", pg_catalog.pg_stat_force_next_flush()"
    return _QUERY.format(scans=scans, rows=rows, tables=tables)


def read_counters(text: str) -> Counters:
    """The answer as a value."""
    return counters_of(json.loads(text))


def counters_of(told: Sequence[tuple[int, int, int]]) -> Counters:
    """The JSON as a value."""
    return {table: (scans, rows) for table, scans, rows in told}


_BEGINS = {"BEGIN", "START", "COMMIT", "ROLLBACK", "PREPARE"}

_READS = {
    *("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "FETCH", "MOVE"),
    *("DO", "CALL", "EXPLAIN", "REFRESH", "CLUSTER", "REINDEX", "VACUUM"),
}


def may_read(command_tag: str | None) -> bool:
    """Whether a statement with this tag may read rows by itself or by triggers; one that failed has none."""
    word = command_of(command_tag)
    return command_tag is None or word in _READS or word == "COMMIT"


def has_read(command_tags: Sequence[str | None]) -> bool:
    """Whether the open transaction has read something in the last of these, and so has its snapshot for certain.

    Before that, a question would take it, and ``SET TRANSACTION ISOLATION LEVEL`` would be refused.
    """
    for tag in reversed(command_tags):
        word = command_of(tag)
        if word in _BEGINS:
            return False
        if word in _READS:
            return True
    return False


ASKED_OF_ONE_KIND = 20
ASKED_EVERY = 100
"""After so many statements that begin alike a session is asked after each; then only after every hundredth."""

_LITERAL = re.compile(r"'[^']*'|\d+")
_BEGINNING = 200


class Patience:
    """How often a session is asked after statements of one kind: a data migration may have a hundred thousand."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def is_left(self, sql: str) -> bool:
        """Whether it is asked after this one more statement."""
        kind = _LITERAL.sub("?", sql[:_BEGINNING])[:60]
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        return count <= ASKED_OF_ONE_KIND or count % ASKED_EVERY == 0
