"""Whose the rows are that were read between two counts: a statement's, if no other that may read lies between. Pure.

From 15 on a count is of all sessions, so the difference between two belongs to a session only if no other one put its
own into shared memory meanwhile: which it does when a statement leaves it idle.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from migsafe.tracing import grammar
from migsafe.tracing.drafts import Draft
from migsafe.tracing.scans import Counters, may_read
from migsafe.wire.statements import Seen

TOGETHER = "it was counted together with other statements"
OTHERS = "another connection was at work meanwhile"
RESET = "the server's counters were reset"
NO_START = "before 15 the server tells what a transaction's first statement read only where DDL stands before it"
NEVER = "nothing was counted after it"
UNCOUNTED = "the server doesn't count what VACUUM and ANALYZE read"


@dataclass(frozen=True, slots=True)
class Count:
    """The counters, as they were some time between two (monotonic) moments, told by a session (0: before all).

    ``is_shared``: it kept nothing to itself afterwards.
    """

    backend: int
    asked: float
    arrived: float
    counters: Counters
    is_shared: bool = False


class Counting:
    """The counts of a run. ``first`` are the counters before it; none where they outlive no transaction."""

    def __init__(self, seen: Sequence[Seen], first: Counters | None) -> None:
        self.outlives_transactions = first is not None
        self.shared = None if first is None else Count(0, -inf, -inf, first, is_shared=True)
        self._work = _Work(seen)

    def between(self, backend: int, base: Count | None, count: Count) -> Counters | str:
        """What the session has read between two counts; why that isn't known, where it isn't."""
        if base is None:
            return NO_START if count.counters else {}
        found = {}
        for table, (scans, rows) in count.counters.items():
            scans_before, rows_before = base.counters.get(table, (0, 0))
            if scans < scans_before:
                return RESET
            if scans > scans_before:
                found[table] = scans - scans_before, rows - rows_before
        alone = not found or not self.outlives_transactions
        return found if alone or self._work.is_alone(backend, base, count.arrived) else OTHERS


class SessionCounting:
    """The counts of one session, and the statements since the last of them."""

    def __init__(self, run: Counting, backend: int) -> None:
        self._run = run
        self._backend = backend
        self._last: Count | None = None
        self._waiting: list[Draft] = []

    def ran(self, draft: Draft, *, certainly: bool = False) -> None:
        """A statement that may have read something, which the next count tells."""
        statement = draft.seen.statement
        if grammar.is_vacuum(statement.sql):
            draft.unmeasured = UNCOUNTED
        elif certainly or _empties(draft) or may_read(statement.command_tag) or grammar.may_read_rows(statement.sql):
            self._waiting.append(draft)

    def told(self, count: Count) -> None:
        """A count: what was read since the one before it belongs to the only statement since then that may read."""
        waiting, self._waiting = self._waiting, []
        read = self._run.between(self._backend, self._base(waiting), count)
        self._last = count
        if count.is_shared:
            self._run.shared = count
        if not isinstance(read, str) and any(_empties(each) for each in waiting):
            read = {table: (scans, rows) for table, (scans, rows) in read.items() if rows}
        takers = [each for each in waiting if grammar.may_read_rows(each.seen.statement.sql)] or waiting
        if read and len(takers) > 1:
            read = read if isinstance(read, str) else TOGETHER
        if isinstance(read, str):
            for each in takers:
                each.unmeasured = each.unmeasured if each.unmeasured not in ("", NEVER) else read
            return
        for each in waiting:
            each.unmeasured = ""
        for each in takers if read else ():
            each.count(read)

    def end_transaction(self) -> None:
        """What was counted before is worth nothing any more, where counts don't outlive it."""
        if not self._run.outlives_transactions:
            self._last, self._waiting = None, []

    def _base(self, waiting: Sequence[Draft]) -> Count | None:
        """The last count: of any session, if this one was idle then and kept nothing to itself; else its own."""
        own, shared = self._last, self._run.shared
        if shared is None or any(draft.seen.started < shared.asked for draft in waiting):
            return own
        return shared if own is None or (own.is_shared and own.arrived < shared.arrived) else own


def _empties(draft: Draft) -> bool:
    """TRUNCATE builds the indexes of its table anew, for which it goes through no row; it reads nothing else."""
    return draft.seen.statement.command_tag == "TRUNCATE TABLE"


class _Work:
    """When sessions were at work that other sessions' counts may show: each until it kept nothing to itself any more.

    Nothing of a transaction shows before its last statement.
    """

    def __init__(self, seen: Iterable[Seen]) -> None:
        spans: dict[int, list[tuple[float, float]]] = {}
        kept: dict[int, list[float]] = {}
        for each in seen:
            backend = each.statement.backend
            if each.statement.state_after in ("T", "E"):
                continue
            kept.setdefault(backend, []).append(each.started)
            if each.answer is not None and each.answer.text is not None:
                spans.setdefault(backend, []).extend((start, each.answer.arrived) for start in kept.pop(backend))
        for backend, starts in kept.items():
            spans.setdefault(backend, []).extend((start, inf) for start in starts)
        self._own = {backend: _sorted(of_one) for backend, of_one in spans.items()}
        self._all = _sorted([span for of_one in spans.values() for span in of_one])

    def is_alone(self, backend: int, base: Count, until: float) -> bool:
        """Whether what other sessions began by ``until`` was over at the count: that of the one that told it is."""
        starts, ends = self._all
        own_starts, own_ends = self._own.get(backend, ([], []))
        begun = bisect_right(starts, until) - bisect_right(own_starts, until)
        over = bisect_right(ends, base.asked) - bisect_right(own_ends, base.asked)
        if base.backend != backend:
            _, its_ends = self._own.get(base.backend, ([], []))
            over += bisect_right(its_ends, base.arrived) - bisect_right(its_ends, base.asked)
        return begun == over


def _sorted(spans: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return sorted(start for start, _ in spans), sorted(end for _, end in spans)
