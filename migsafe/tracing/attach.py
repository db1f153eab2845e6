"""From what was seen of a run to statements with their locks, rewrites, scans and WAL. Pure: never connects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from migsafe.findings import Lock, Rewrite, Scan, Statement
from migsafe.sql.lock_modes import LockMode
from migsafe.tracing import grammar
from migsafe.tracing.notes import Held, RewriteNote, Snapshot, locks_of, read_notice
from migsafe.tracing.relations import Relation
from migsafe.tracing.timeouts import Timeouts
from migsafe.wire.statements import Seen


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the database before the run.

    ``rows`` are the counts of tables by printed name, ``lock_timeout`` is a session's first, ``position`` is where the
    write-ahead log stood.
    """

    relations: Mapping[int, Relation]
    rows: Mapping[str, int] = field(default_factory=dict)
    lock_timeout: str = "0"
    position: int = 0

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

    ``scans`` counts rows read; ``to_the_end`` are the tables that DDL went through, which never stops half-way.
    """

    seen: Seen
    locks: list[Held] = field(default_factory=list)
    ends: dict[Held, float] = field(default_factory=dict)
    rewrites: dict[int, str] = field(default_factory=dict)
    scans: dict[int, int] = field(default_factory=dict)
    to_the_end: set[int] = field(default_factory=set)
    scans_measured: bool = True
    wal_bytes: int | None = None
    lock_timeout: int | None = None

    def finished(self, before: Before) -> Statement:
        """The statement with what is known of relations that were there before."""
        relations = before.relations
        locks = sorted(
            (held for held in self.locks if held[0] in relations),
            key=lambda held: (-held[1].strength, relations[held[0]].printed),
        )
        scans = ((relations[oid], rows) for oid, rows in self.scans.items() if oid in relations)
        return replace(
            self.seen.statement,
            locks=tuple(self._lock(relations[held[0]], held) for held in locks),
            rewrites=tuple(
                Rewrite(relations[oid].printed, "index" if relations[oid].is_index else "table", reason)
                for oid, reason in self.rewrites.items()
                if oid in relations
            ),
            scans=tuple(
                Scan(table.printed, rows, table.oid in self.to_the_end or rows >= before.rows.get(table.printed, 0))
                for table, rows in scans
            ),
            scans_measured=self.scans_measured,
            wal_bytes=self.wal_bytes,
            lock_timeout=self.lock_timeout,
        )

    def _lock(self, relation: Relation, held: Held) -> Lock:
        end = self.ends.get(held)
        milliseconds = None if end is None else (end - self.seen.started) * 1000
        return Lock(relation.printed, held[1].value, held[1].blocks, milliseconds)


def attach(seen: Iterable[Seen], before: Before) -> tuple[Statement, ...]:
    """The statements of a run, in order, with all that the instruments told of them."""
    sessions: dict[int, _Session] = {}
    log = _Log(before.position)
    drafts = []
    for each in seen:
        session = sessions.setdefault(each.statement.backend, _Session(before))
        draft, started = session.take(each)
        log.take(draft, started, session.position_of(draft))
        drafts.append(draft)
    for session in sessions.values():
        session.close()
    return tuple(draft.finished(before) for draft in drafts)


class _Session:
    """One connection, statement by statement: which locks it holds, and since which statement."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._timeouts = Timeouts(before.lock_timeout)
        self._files = {oid: relation.filenode for oid, relation in before.relations.items()}
        self._last: Draft | None = None
        self._held: dict[Held, Draft] = {}
        self._scans: Mapping[int, tuple[int, int]] | None = None  # none: not looked at in this transaction yet
        self._unseen: list[Draft] = []  # the statements of this transaction since a snapshot
        self._end_position: int | None = None

    def take(self, seen: Seen) -> tuple[Draft, int | None]:
        """The next statement; with it where the log stood when it began, if that is known."""
        statement = seen.statement
        last = self._last.seen.statement if self._last else None
        if last is None or last.transaction is None or last.transaction != statement.transaction:
            self._end_transaction()
        draft = Draft(seen)
        draft.lock_timeout = self._timeouts.at(statement)
        draft.scans_measured = not grammar.may_read_rows(statement.sql)
        own = not grammar.may_call_functions(statement.sql)
        started = None
        self._end_position = seen.reading.position if seen.reading else None
        for number, note in enumerate(map(read_notice, seen.notices)):
            if isinstance(note, RewriteNote):
                draft.rewrites[note.relation] = note.reason
                continue
            is_first = number == 0 and note.is_start and own
            if is_first:
                started = note.position
            self._look(draft, note, self._unseen[-1] if is_first and self._unseen else draft)
            draft.scans_measured = True
            if not note.is_start and seen.reading is None and own:
                self._end_position = note.position
        self._look_after(draft)
        self._unseen.append(draft)
        self._last = draft
        return draft, started

    def position_of(self, draft: Draft) -> int | None:
        """Where the log stood when the last statement was done, if that is known."""
        assert draft is self._last
        return self._end_position

    def close(self) -> None:
        """The connection is gone: a transaction that was open then has no end that was seen."""
        if self._last and self._last.seen.statement.state_after == "I":
            self._end_transaction()

    def _look(self, draft: Draft, snapshot: Snapshot, taker: Draft) -> None:
        """Read a snapshot; what is new in it since the one before is ``taker``'s."""
        for held in snapshot.locks - self._held.keys():
            self._hold(held, draft if held[1] is LockMode.ACCESS_SHARE else taker)
        if self._scans is not None:
            self._count(taker, snapshot)
            for each in self._unseen:
                each.scans_measured = True
        self._scans = snapshot.scans
        self._unseen = []
        if snapshot.is_start:
            self._files.update(snapshot.files)
            draft.lock_timeout = self._timeouts.seen(snapshot.lock_timeout)
        else:
            self._compare_files(draft, snapshot)

    def _count(self, taker: Draft, snapshot: Snapshot) -> None:
        assert self._scans is not None
        for table, (scans, rows) in snapshot.scans.items():
            scans_before, rows_before = self._scans.get(table, (0, 0))
            if scans > scans_before:
                taker.scans[table] = taker.scans.get(table, 0) + rows - rows_before
                if not snapshot.is_start:
                    taker.to_the_end.add(table)

    def _compare_files(self, draft: Draft, snapshot: Snapshot) -> None:
        """Another file is a rewrite; so is a new index in the place of one whose type or collation was changed."""
        command = " ".join(draft.seen.statement.sql.split()[:2]).upper()
        reason = next(iter(draft.rewrites.values()), command)
        for oid, file in snapshot.files.items():
            if file is not None and self._files.get(oid) not in (None, file):
                draft.rewrites.setdefault(oid, reason)
        replaced = {
            self._before.relations[oid].name: oid
            for oid, mode in snapshot.locks
            if mode is LockMode.ACCESS_EXCLUSIVE and oid in self._before.relations and snapshot.files.get(oid) is None
        }
        if command.startswith("ALTER"):
            for oid, name in snapshot.index_names.items():
                old = replaced.get(name)
                if old is not None and snapshot.files[oid] != self._files.get(old):
                    draft.rewrites.setdefault(old, reason)
        self._files.update(snapshot.files)

    def _look_after(self, draft: Draft) -> None:
        """What the second session saw when the statement was done; else what the statement says of itself."""
        locks = locks_of(draft.seen.reading)
        if locks is None:
            if draft.seen.statement.error is None:
                self._take_word(draft)
            return
        for held in locks - self._held.keys():
            self._hold(held, draft)
        for held in self._held.keys() - locks:
            self._release(held, draft.seen.ended)  # rolled back to a savepoint

    def _take_word(self, draft: Draft) -> None:
        for named in grammar.locks_named(draft.seen.statement.sql):
            relation = self._before.named(named.schema, named.name)
            if relation is None:
                continue
            self._hold((relation.oid, named.mode), draft)
            if named.rewritten:
                draft.rewrites[relation.oid] = named.rewritten
            if named.rewritten and relation.table is not None:
                weaker = LockMode.SHARE if named.mode is LockMode.ACCESS_EXCLUSIVE else named.mode
                self._hold((relation.table, weaker), draft)
            for index in self._before.indexes_of(relation) if named.indexes_rewritten else ():
                draft.rewrites[index.oid] = named.indexes_rewritten
                if named.mode is not LockMode.SHARE_UPDATE_EXCLUSIVE:
                    self._hold((index.oid, LockMode.ACCESS_EXCLUSIVE), draft)

    def _hold(self, held: Held, draft: Draft) -> None:
        if held not in self._held:
            self._held[held] = draft
            draft.locks.append(held)

    def _release(self, held: Held, moment: float) -> None:
        self._held.pop(held).ends[held] = moment

    def _end_transaction(self) -> None:
        for held in tuple(self._held):
            assert self._last is not None
            self._release(held, self._last.seen.ended)
        self._scans, self._unseen = None, []
        self._timeouts.end_transaction()


class _Log:
    """Whose the bytes of write-ahead log are: those between two positions, if a single statement lies between them."""

    def __init__(self, position: int) -> None:
        self._position = position
        self._waiting: list[Draft] = []

    def take(self, draft: Draft, start: int | None, end: int | None) -> None:
        if start is not None:
            if len(self._waiting) == 1:
                self._waiting[0].wal_bytes = max(0, start - self._position)
            self._waiting, self._position = [], start
        if end is None:
            self._waiting.append(draft)
            return
        if not self._waiting:
            draft.wal_bytes = max(0, end - self._position)
        self._waiting, self._position = [], end
