"""What is known of a run while it is read: the database before it, and each statement with what it did so far. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from migsafe.findings import Lock, Rewrite, Scan, Statement
from migsafe.tracing.notes import Held
from migsafe.tracing.relations import Relation
from migsafe.tracing.scans import Counters
from migsafe.wire.statements import Seen


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the database before the run.

    ``rows`` are the counts of tables by printed name, ``lock_timeout`` is a session's first, ``position`` is where the
    write-ahead log stood. ``counters`` are those of scans; none where they outlive no transaction.
    """

    relations: Mapping[int, Relation]
    rows: Mapping[str, int] = field(default_factory=dict)
    lock_timeout: str = "0"
    position: int = 0
    counters: Counters | None = None

    def named(self, schema: str, name: str) -> Relation | None:
        """The relation that a statement names; without a schema the only one of the name, or the one in public."""
        found = [each for each in self.relations.values() if each.name == name and schema in ("", each.schema)]
        public = [each for each in found if each.schema == "public"]
        return (found if len(found) == 1 else public or [None])[0]  # type: ignore[list-item]

    def indexes_of(self, table: Relation) -> Iterator[Relation]:
        return (each for each in self.relations.values() if each.table == table.oid)


@dataclass(slots=True, eq=False)
class Draft:
    """A statement while its transaction is read. ``ends`` are the (monotonic) times at which its locks were released.

    ``scans`` counts scans and rows read by table; ``to_the_end`` are the tables that DDL went through, which never
    stops half-way. ``unmeasured`` says why the scans are not known.
    """

    seen: Seen
    locks: list[Held] = field(default_factory=list)
    ends: dict[Held, float] = field(default_factory=dict)
    rewrites: dict[int, str] = field(default_factory=dict)
    scans: dict[int, tuple[int, int]] = field(default_factory=dict)
    to_the_end: set[int] = field(default_factory=set)
    unmeasured: str = ""
    wal_bytes: int | None = None
    lock_timeout: int | None = None

    def finished(self, before: Before) -> Statement:
        """The statement with what is known of relations that were there before."""
        relations = before.relations
        locks = sorted(
            (held for held in self.locks if held[0] in relations),
            key=lambda held: (-held[1].strength, relations[held[0]].printed),
        )
        return replace(
            self.seen.statement,
            locks=tuple(self._lock(relations[held[0]], held) for held in locks),
            rewrites=tuple(
                Rewrite(relations[oid].printed, "index" if relations[oid].is_index else "table", reason)
                for oid, reason in self.rewrites.items()
                if oid in relations
            ),
            scans=tuple(self._scan(relations[oid], before) for oid in self.scans if oid in relations),
            scans_measured=not self.unmeasured,
            scans_unmeasured=self.unmeasured,
            wal_bytes=self.wal_bytes,
            lock_timeout=self.lock_timeout,
        )

    def count(self, read: Counters) -> None:
        """Add what it read."""
        for table, (scans, rows) in read.items():
            scans_before, rows_before = self.scans.get(table, (0, 0))
            self.scans[table] = scans_before + scans, rows_before + rows

    def _scan(self, table: Relation, before: Before) -> Scan:
        """Several scans went to the end if they read so much, each of them."""
        scans, rows = self.scans[table.oid]
        whole = rows >= scans * before.rows.get(table.printed, 0)
        return Scan(table.printed, rows, whole or table.oid in self.to_the_end)

    def _lock(self, relation: Relation, held: Held) -> Lock:
        end = self.ends.get(held)
        milliseconds = None if end is None else (end - self.seen.started) * 1000
        return Lock(relation.printed, held[1].value, held[1].blocks, milliseconds)
