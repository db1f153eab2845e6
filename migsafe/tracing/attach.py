"""From what was seen of a run to statements with their locks, rewrites, scans and WAL. Pure: never connects."""

from __future__ import annotations

from collections.abc import Sequence

from migsafe.findings import Statement
from migsafe.sql.lock_modes import LockMode
from migsafe.tracing import grammar
from migsafe.tracing.counting import NEVER, Count, Counting, SessionCounting
from migsafe.tracing.drafts import Before, Draft
from migsafe.tracing.notes import Held, RewriteNote, Snapshot, locks_of, read_notice
from migsafe.tracing.scans import read_counters
from migsafe.tracing.timeouts import Timeouts
from migsafe.wire.statements import Seen


def attach(seen: Sequence[Seen], before: Before) -> tuple[Statement, ...]:
    """The statements of a run, in order, with all that the instruments told of them."""
    sessions: dict[int, _Session] = {}
    log, counting = _Log(before.position), Counting(seen, before.counters)
    drafts = []
    for each in seen:
        backend = each.statement.backend
        session = sessions.setdefault(backend, _Session(before, SessionCounting(counting, backend)))
        draft, started = session.take(each)
        log.take(draft, started, session.position_of(draft))
        drafts.append(draft)
    for session in sessions.values():
        session.close()
    return tuple(draft.finished(before) for draft in drafts)


class _Session:
    """One connection, statement by statement: which locks it holds, and since which statement."""

    def __init__(self, before: Before, counting: SessionCounting) -> None:
        self._before = before
        self._counting = counting
        self._timeouts = Timeouts(before.lock_timeout)
        self._files = {oid: relation.filenode for oid, relation in before.relations.items()}
        self._last: Draft | None = None
        self._held: dict[Held, Draft] = {}
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
        if grammar.may_read_rows(statement.sql):
            draft.unmeasured = (seen.answer.reason if seen.answer else "") or NEVER
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
            self._count(draft, note, is_own=not is_first)
            if not note.is_start and seen.reading is None and own:
                self._end_position = note.position
        self._look_after(draft)
        self._count_after(draft, is_told=own and bool(seen.notices) and not statement.error)
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
        self._unseen = []
        if snapshot.is_start:
            self._files.update(snapshot.files)
            draft.lock_timeout = self._timeouts.seen(snapshot.lock_timeout)
        else:
            self._compare_files(draft, snapshot)

    def _count(self, draft: Draft, snapshot: Snapshot, *, is_own: bool) -> None:
        """What was read up to a snapshot, which is the statement's own where it lies inside of it."""
        if is_own:
            self._counting.ran(draft, certainly=True)
        known = dict(draft.scans)
        self._counting.told(
            Count(draft.seen.statement.backend, draft.seen.started, snapshot.arrived, snapshot.counters)
        )
        if not snapshot.is_start:
            draft.to_the_end |= {table for table, read in draft.scans.items() if read != known.get(table)}

    def _count_after(self, draft: Draft, *, is_told: bool) -> None:
        """What was read up to the end, if the session was asked then; ``is_told``: it was told before."""
        if not is_told:
            self._counting.ran(draft)
        answer, statement = draft.seen.answer, draft.seen.statement
        if answer is not None and answer.text is not None:
            told, is_shared = read_counters(answer.text), statement.state_after == "I"
            self._counting.told(Count(statement.backend, answer.asked, answer.arrived, told, is_shared))

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
                if old is not None and self._files.get(old) not in (None, snapshot.files[oid]):
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
        self._unseen = []
        self._counting.end_transaction()
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
