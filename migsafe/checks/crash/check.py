"""Claim: if the migration dies anywhere, running it again leads to where it would have led.

Method: a first run is recorded, and the crash points are found in it (:mod:`migsafe.checks.crash.points`). For each one
the project's tool runs on a clone of the baseline and is cut off there for good: its connections are closed, and no new
one is let in. What was committed by then is read with the tool's version table; the tool is run again; the state must
be that of the run that was not cut off. Points that leave the same behind are run again once.

Four answers: *converges*; *blocked* (the tool refuses to go on until its own version table is put right by hand, and
that is all there is to do); *stuck* (the second run fails, and somebody has to clean up); *silently wrong* (the second
run says success, and the state is another one). The last two fail.

Limits: the points are those of one recorded run. A ``SELECT`` that calls a function which writes is taken for a read.
Several statements in one Query are answered together, so that the tool can only die before or after all of them.
Values that differ between two honest runs, and numbers from sequences that a rolled back statement moved on, are
compared by their counts of nulls.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from migsafe.checks.crash.cut import Cutter
from migsafe.checks.crash.findings import findings
from migsafe.checks.crash.points import Point, crash_points
from migsafe.checks.crash.verdicts import Judge, Verdict, Word
from migsafe.checks.excuses import Excuses, read_excuses
from migsafe.findings import CheckResult, Outcome
from migsafe.plain import many
from migsafe.state import compare_states

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment
    from migsafe.sandbox import Reading

POINTS_PER_WORKER = 3
"""Fewer points than that aren't worth another process of the tool's interpreter."""


def check_crash(experiment: Experiment) -> CheckResult:
    """The four answers as above; not checked where a point was not reached, or left out by the settings."""
    if not experiment.applied.succeeded:
        return CheckResult("crash", Outcome.NOT_CHECKED, reason="the first run failed")
    if not experiment.again.run.succeeded:
        why = (
            "it changes the whole server" if experiment.server_changes else "its outcome depends on more than the rows"
        )
        return CheckResult("crash", Outcome.NOT_CHECKED, reason=f"another first run fails: {why}")
    points = crash_points(experiment.again.events, experiment.again.run.statements)
    chosen = _chosen(points, experiment.settings.crash_points)
    trials = Trials(experiment, read_excuses(experiment))
    trials.run(chosen)
    return _result(experiment, trials, len(points))


def _chosen(points: Sequence[Point], bound: int) -> Sequence[Point]:
    """So many of the points, spread evenly, the last one among them; all of them where there is no bound (0)."""
    if not bound or len(points) <= bound:
        return points
    return [points[(number + 1) * len(points) // bound - 1] for number in range(bound)]


@dataclass(slots=True)
class Group:
    """The points that left the same behind, and what became of it."""

    left: Reading
    points: list[Point] = field(default_factory=list)
    verdict: Verdict | None = None


class Trials:
    """Cuts the migration off at many points, several at the same time, and runs it again once for each group."""

    def __init__(self, experiment: Experiment, excuses: Excuses) -> None:
        self.groups: list[Group] = []
        self.missed: list[Point] = []
        self._experiment = experiment
        self._excuses = excuses
        self._judge = Judge(experiment, excuses)
        self._lock = Lock()
        before = experiment.state_before.contents.tables
        after = experiment.state_after.contents.tables
        self._tables = {name: old.rows for name, old in before.items() if old.rows and after.get(name, old) != old}

    def run(self, points: Sequence[Point]) -> None:
        """Try all of these points. Raises what one of them raised; the others are then given up."""
        workers = min(os.cpu_count() or 1, 1 + len(points) // POINTS_PER_WORKER)
        executor = ThreadPoolExecutor(workers, thread_name_prefix="migsafe crash")
        try:
            for _ in executor.map(self._try, points):
                pass
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _try(self, point: Point) -> None:
        sandbox, step = self._experiment.sandbox, self._experiment.step
        with sandbox.scratch("crash", template=self._experiment.before) as database:
            cutter = Cutter(point, sandbox, database, self._tables)
            try:
                sandbox.upgrade(database, step.target, cutter)
            finally:
                cutter.close()
            if not cutter.happened:
                self.missed.append(point)
                return
            sandbox.end_sessions(database)
            left = sandbox.read(database)
            with self._lock:
                group = self._group(left)
                group.points.append(point)
            if group.left is left:
                group.verdict = self._judge.verdict(database, left)

    def _group(self, left: Reading) -> Group:
        """The group that what was left behind belongs to, or a new one."""
        for group in self.groups:
            difference = compare_states(group.left.state, left.state)
            if not difference.without_values_of(self._excuses.volatile):
                return group
        self.groups.append(Group(left))
        return self.groups[-1]


def _result(experiment: Experiment, trials: Trials, points: int) -> CheckResult:
    verdicts = {group.verdict.word for group in trials.groups if group.verdict}
    summary = ", ".join(_counts(trials, points))
    found = tuple(findings(experiment, [(group.verdict, group.points) for group in trials.groups if group.verdict]))
    for word in (Word.SILENTLY_WRONG, Word.STUCK):
        if word in verdicts:
            return CheckResult("crash", Outcome.FAILED, word, f"{found[0].message} ({summary})", found)
    tried = sum(len(group.points) for group in trials.groups)
    if tried < points:
        return CheckResult("crash", Outcome.NOT_CHECKED, reason=f"{summary}{_why(trials)}", findings=found)
    word = Word.BLOCKED if Word.BLOCKED in verdicts else Word.CONVERGES
    return CheckResult("crash", Outcome.PASSED, word, summary, found)


def _counts(trials: Trials, points: int) -> Iterator[str]:
    tried = sum(len(group.points) for group in trials.groups)
    yield many(points, "crash point")
    if tried:
        yield f"{len(trials.groups):,} run again"
        yield f"{tried - len(trials.groups):,} left the same as one of those"
    if points - tried - len(trials.missed):
        yield f"{points - tried - len(trials.missed):,} left out by [checks] crash_points"
    if trials.missed:
        yield f"{len(trials.missed):,} not reached"


def _why(trials: Trials) -> str:
    if not trials.missed:
        return ""
    return f": it ended before it could be cut off {trials.missed[0]}"
