"""Apply the pending migrations with a net: a snapshot before, a look at the state after, and the way back.

Whatever ends it leaves the old state, or a snapshot and the command that restores it, which is said before the first
migration runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.apply.losses import losses
from migsafe.apply.plan import Plan, in_words, restore_seconds
from migsafe.apply.witness import Witness
from migsafe.errors import CannotCheck, ExitCode
from migsafe.postgres.databases import connect_to
from migsafe.snapshots.restore import How, restore
from migsafe.snapshots.take import take, without_timeouts
from migsafe.snapshots.trouble import explained
from migsafe.snapshots.verify import require_whole, verify_deep
from migsafe.state import State, StateDifference, compare_states, read_state
from migsafe.wire.tap import Tap

if TYPE_CHECKING:
    import psycopg

    from migsafe.config import ApplySettings
    from migsafe.history.model import Failure, History
    from migsafe.postgres.address import Address
    from migsafe.postgres.server import ServerSettings
    from migsafe.snapshots.manifest import Snapshot

CHANGES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said of this one run. ``deep`` restores the snapshot elsewhere first, to prove it."""

    settings: ApplySettings
    store: Path
    jobs: int
    end_sessions: bool = False
    accept_loss: bool = False
    deep: ServerSettings | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """How the run speaks: ``say`` a line, report ``progress``, ``ask`` before overwriting (false: nobody is there).

    ``way_back`` gives the command that restores a snapshot.
    """

    say: Callable[[str], None]
    progress: Callable[[str], None]
    ask: Callable[[str], bool]
    way_back: Callable[[Path], str]


@dataclass(slots=True)
class Application:
    """One run against one target."""

    history: History
    address: Address
    plan: Plan
    options: Options
    voice: Voice
    backends: set[int] = field(default_factory=set)

    def run(self) -> ExitCode:
        """Safe: applied, and nothing was lost. Unsafe: it failed; what was said tells which state is there now.

        Raises :class:`CannotCheck` when the target can't be asked any more, after saying what to do.
        """
        with connect_to(self.address) as connection, explained(self.address):
            without_timeouts(connection)
            witness = Witness(connection)
            witness.begin()
            snapshot = self._snapshot()
            witness.add_ours(2 + (1 if self.options.jobs == 1 else 1 + self.options.jobs))
            with self._net(snapshot):
                failure = self._migrate()
                self._end_leftovers(connection, snapshot)
                witness.add_ours(len(self.backends))
                seen = witness.seen(snapshot.manifest.taken, self.backends)
                self.voice.progress("reading the state")
                after = read_state(connection)
                wrong = failure is not None or self._has_done_wrong(connection, snapshot.state, after)
        if not wrong:
            return ExitCode.SAFE
        with self._net(snapshot):
            return self._take_back(snapshot, compare_states(snapshot.state, after), seen)

    def _snapshot(self) -> Snapshot:
        options, voice = self.options, self.voice
        try:
            snapshot = take(self.address, options.store, jobs=options.jobs, privileges=True, progress=voice.progress)
            require_whole(snapshot)
            if options.deep is not None:
                self._prove(snapshot, options.deep)
        except BaseException:
            voice.say("no migration was run: the target is as it was")
            raise
        voice.say(f"snapshot: {snapshot.path}, verified")
        voice.say(f"  restoring it would take about {in_words(restore_seconds(snapshot.manifest))}, by this command:")
        voice.say(f"  {voice.way_back(snapshot.path)}")
        return snapshot

    def _prove(self, snapshot: Snapshot, settings: ServerSettings) -> None:
        comparison = verify_deep(snapshot, settings, jobs=self.options.jobs, progress=self.voice.progress)
        if comparison.difference:
            raise CannotCheck(
                "the snapshot doesn't bring back the state:\n  " + "\n  ".join(comparison.difference.describe()),
                where=str(snapshot.path),
            )

    @contextmanager
    def _net(self, snapshot: Snapshot) -> Iterator[None]:
        """Say what to do when this is left by an exception: Ctrl-C, a dropped connection, a full disk."""
        try:
            yield
        except BaseException:
            self.voice.say("stopped half-way: the target may be half migrated. This restores it:")
            self.voice.say(f"  {self.voice.way_back(snapshot.path)}")
            raise

    def _migrate(self) -> Failure | None:
        """Run what is pending, one step after the other, up to the first that fails."""
        settings = self.options.settings
        parameters = {
            "lock_timeout": f"{settings.lock_timeout}s",
            "statement_timeout": f"{settings.statement_timeout}s",
        }
        tap = Tap(self.address, parameters=parameters)
        try:
            with tap:
                for step in self.plan.pending if self.plan.pending is not None else (None,):
                    name = step.version if step else "all that is pending"
                    self.voice.progress(f"applying {name}")
                    run = self.history.upgrade(tap.address, step)
                    self._note_backends(tap)
                    if run.failure:
                        self.voice.say(f"failed: {name}: {_told(run.failure)}")
                        return run.failure
                    self.voice.say(f"applied: {name} in {run.seconds:.1f} s")
        finally:
            self._note_backends(tap)
        return None

    def _note_backends(self, tap: Tap) -> None:
        self.backends |= {statement.backend for statement in tap.take_statements()}

    def _end_leftovers(self, connection: psycopg.Connection, snapshot: Snapshot) -> None:
        """A statement whose client is gone goes on in the server; it must not commit after the state was read."""
        wait = ", 5000" if connection.info.server_version >= 140000 else ""
        connection.execute(
            f"SELECT pg_catalog.pg_terminate_backend(pid{wait}) FROM pg_catalog.pg_stat_activity"
            " WHERE pid = ANY (%s) AND backend_start >= %s".encode(),
            (sorted(self.backends), snapshot.manifest.taken),
        )

    def _has_done_wrong(self, connection: psycopg.Connection, before: State, after: State) -> bool:
        """Say what has changed; true when something is lost that nobody said may be, or isn't applied after all."""
        say, lost = self.voice.say, losses(before.contents, after.contents)
        for line in compare_states(before, after).describe(CHANGES_SHOWN):
            say(f"  {line}")
        for line in lost:
            say(f"{'accepted loss' if self.options.accept_loss else 'lost'}: {line}")
        missing = {step.version for step in self.plan.pending or ()} - self.history.applied(connection)
        if missing:
            say(f"failed: the tool said success, but its books don't have {', '.join(sorted(missing))}")
        return bool(missing) or (bool(lost) and not self.options.accept_loss)

    def _take_back(self, snapshot: Snapshot, difference: StateDifference, seen: tuple[str, ...]) -> ExitCode:
        say = self.voice.say
        if not difference.without_sequence_positions():
            say("nothing to restore: schema and rows are those of the snapshot")
            for change in difference.contents.sequences:
                say(f"  {change}: a sequence doesn't go back with its transaction")
            return ExitCode.UNSAFE
        for line in difference.describe(CHANGES_SHOWN):
            say(f"  left behind: {line}")
        if seen and not self._may_overwrite(snapshot, seen):
            return ExitCode.UNSAFE
        how = How(jobs=self.options.jobs, in_place=self.plan.in_place, end_sessions=self.options.end_sessions)
        restored = restore(snapshot, self.address, how, self.voice.progress)
        for note in restored.notes:
            say(f"note: {note}")
        if restored.differences:
            say("the restored state is NOT the old one:")
            for line in restored.differences:
                say(f"  {line}")
            say(f"  {self.voice.way_back(snapshot.path)}")
        else:
            say(f"restored in {restored.seconds:.1f} s: schema and rows are those of the snapshot")
        return ExitCode.UNSAFE

    def _may_overwrite(self, snapshot: Snapshot, seen: tuple[str, ...]) -> bool:
        self.voice.say("others may have written since the snapshot, and a restore would take that away:")
        for line in seen:
            self.voice.say(f"  {line}")
        if self.voice.ask("Restore all the same?"):
            return True
        self.voice.say("not restored. To restore all the same:")
        self.voice.say(f"  {self.voice.way_back(snapshot.path)}")
        return False


def _told(failure: Failure) -> str:
    place = str(failure.location)
    return f"{place}: {failure.message}" if place else failure.message
