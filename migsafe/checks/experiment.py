"""What every check is given: one step of the history, where it started from, and what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from migsafe.checks.growth import with_growth
from migsafe.checks.locks.held import moments
from migsafe.checks.sizes import Question, Sizes, measure_sizes, with_partitioned
from migsafe.config import CheckSettings
from migsafe.findings import CheckResult, Location, Statement
from migsafe.history.model import Migration
from migsafe.rows.contents import ColumnName
from migsafe.sandbox import Reading, Sandbox, TracedRun
from migsafe.state import State, compare_states
from migsafe.wire.observer import Event, Recording


@dataclass(frozen=True, slots=True)
class Step:
    """What is applied in one go: one migration, or everything that is pending (``target`` is none then)."""

    version: str
    description: str
    files: tuple[Path, ...]
    target: Migration | None

    @property
    def location(self) -> Location:
        """The step's file, where it is a single one."""
        return Location(file=self.files[0]) if len(self.files) == 1 else Location()

    @property
    def way_back(self) -> Location:
        """The file that takes the step back, where it is known."""
        return Location(file=self.target.down) if self.target and self.target.down else self.location

    @property
    def texts(self) -> tuple[Path, ...]:
        """All files of the step, those that take it back among them."""
        down = self.way_back.file
        return (*self.files, down) if down and down not in self.files else self.files


@dataclass(frozen=True, slots=True)
class Again:
    """A second first run: the answers that the tool got, in order, and the state with the tool's own books."""

    run: TracedRun
    events: tuple[Event, ...]
    state: State


@dataclass(frozen=True)
class Experiment:
    """One step, applied once to a clone of ``before``.

    ``before`` and ``after`` are kept databases: they may be cloned and read, never written. After a step that failed,
    ``after`` is what it left behind. ``server_changes`` are the roles, databases and tablespaces that it changed: no
    clone takes that back, so every later run on this server meets them.
    """

    sandbox: Sandbox
    step: Step
    before: str
    state_before: State
    after: str
    applied: TracedRun
    settings: CheckSettings = field(default_factory=CheckSettings)
    server_changes: tuple[str, ...] = ()

    @property
    def idempotency_required(self) -> bool:
        return self.settings.idempotency == "required"

    @cached_property
    def reading_after(self) -> Reading:
        """The state of ``after`` with the tool's own books."""
        return self.sandbox.read(self.after)

    @cached_property
    def state_after(self) -> State:
        return self.reading_after.without_books

    @cached_property
    def again(self) -> Again:
        """Another first run, on another clone of ``before``. It fails where the first one changed the whole server."""
        recording = Recording()
        with self.sandbox.scratch("again", template=self.before) as database:
            run = self.sandbox.upgrade(database, self.step.target, recording)
            return Again(run, recording.events, self.sandbox.read(database).state)

    @property
    def volatile_columns(self) -> frozenset[ColumnName]:
        """The columns that two honest first runs fill with other values (``now()``); none if the second one fails."""
        if not self.again.run.succeeded:
            return frozenset()
        return compare_states(self.reading_after.state, self.again.state).changed_columns

    @cached_property
    def rows_before(self) -> Mapping[str, int]:
        """How many rows each table of the user had, by printed name; partitioned ones as wholes too."""
        rows = self.state_before.contents.counts
        with self.sandbox.connect(self.before) as connection:
            return with_partitioned(connection, rows)

    @cached_property
    def sizes(self) -> Sizes:
        """The migration at two sizes; measured only where a lock keeps somebody from a table that has rows."""
        least = self.settings.lock_rows
        seen = moments(self.applied.statements, self.rows_before)
        if not least or not self.applied.succeeded or not any(moment.taken for moment in seen):
            return Sizes(one_is_enough=not least)
        rows = self.state_before.contents.counts
        return measure_sizes(
            Question(self.sandbox, self.before, self.after, self.step.target, self.applied, rows, least)
        )

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What the step did, with what is known of its growth."""
        return with_growth(self.applied.statements, self.sizes.labels)


Check = Callable[[Experiment], CheckResult]
"""One claim about a step. Pure but for what it does on databases of its own."""
