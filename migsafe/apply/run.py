"""Apply the pending migrations with a net: a snapshot before, a look at the state after, and the way back.

Whatever ends it leaves the old state, or a snapshot and the command that restores it, which is said before the first
migration runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.apply.guard import PARAMETER, read_only
from migsafe.apply.losses import losses
from migsafe.apply.migrated import MigratedTarget, RestoredElsewhere, read_past
from migsafe.apply.options import Options, Voice
from migsafe.apply.plan import Plan, in_words, restore_seconds
from migsafe.apply.record import Record
from migsafe.apply.witness import Witness
from migsafe.checks.data.check import judge_data
from migsafe.errors import CannotCheck, ClientToolMissing, HistoryError
from migsafe.findings import CheckResult, Location, Outcome, Severity
from migsafe.history.model import Failure, Run
from migsafe.ignores import apply_ignores, read_ignores
from migsafe.postgres.databases import connect_to, terminate, without_timeouts
from migsafe.postgres.properties import read_properties
from migsafe.postgres.trouble import explained
from migsafe.sandbox import Reading
from migsafe.snapshots.restore import How, restore
from migsafe.snapshots.take import sessions, take
from migsafe.snapshots.verify import require_whole, verify_deep
from migsafe.state import StateDifference, compare_states, printed_names, read_state
from migsafe.wire.tap import Tap

if TYPE_CHECKING:
    import psycopg

    from migsafe.apply.migrated import Past
    from migsafe.findings import Finding
    from migsafe.history.model import History, Migration
    from migsafe.postgres.address import Address
    from migsafe.postgres.properties import Properties
    from migsafe.snapshots.manifest import Snapshot

CHANGES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What went wrong left ``difference`` behind, ``shown`` but for the migration tool's own tables.

    ``seen`` says who else may have written since the snapshot.
    """

    snapshot: Snapshot
    difference: StateDifference
    shown: StateDifference
    seen: tuple[str, ...]


@dataclass(slots=True)
class Application:
    """One run against one target. ``record`` says at every moment what has become of it."""

    history: History
    address: Address
    plan: Plan
    options: Options
    voice: Voice
    record: Record
    backends: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Apply what is pending, look at it, and take it back if it is wrong; what was said tells which state is left.

        Raises :class:`CannotCheck` when the target can't be asked any more, after saying what to do.
        """
        with ExitStack() as stack:
            properties = stack.enter_context(self._guard()) if self.options.read_only else None
            with explained(self.address), connect_to(self.address) as connection:
                aftermath = self._apply(connection, properties)
            if aftermath:
                with self._net(aftermath.snapshot):
                    self._take_back(aftermath)

    @contextmanager
    def _guard(self) -> Iterator[Properties]:
        """Keep others from writing; gives the properties that the database had before."""
        with ExitStack() as stack:
            with explained(self.address), connect_to(self.address) as connection:
                before = read_properties(connection)
                assert before is not None
                end = self.options.end_sessions
                stack.enter_context(read_only(connection, self.address, before, self.voice.say, end_sessions=end))
            yield before

    def _apply(self, connection: psycopg.Connection, properties: Properties | None) -> Aftermath | None:
        without_timeouts(connection)
        witness = Witness(connection)
        witness.begin()
        snapshot = self._snapshot(properties)
        witness.add_ours(sessions(self.options.jobs))
        with self._net(snapshot):
            past = read_past(connection, snapshot, self.history)
            failure = self._migrate()
            self._end_leftovers(connection, snapshot)
            witness.add_ours(len(self.backends))
            self.voice.progress("reading the state")
            after = Reading(read_state(connection), printed_names(connection, self.history.version_tables))
            shown = compare_states(Reading(snapshot.state, past.books).without_books, after.without_books)
            if failure is not None or self._has_done_wrong(connection, snapshot, past, after, shown):
                seen = witness.seen(snapshot.manifest.taken, self.backends)
                return Aftermath(snapshot, compare_states(snapshot.state, after.state), shown, seen)
        way_back = self.voice.way_back(snapshot.path)
        self.record.left("migrated", "The target is migrated.", way_back=way_back)
        return None

    def _snapshot(self, properties: Properties | None) -> Snapshot:
        settings, voice = self.options.settings, self.voice
        try:
            snapshot = take(
                self.address,
                settings.snapshots.directory_in(settings.root),
                jobs=self.options.jobs,
                privileges=True,
                tag=self.options.tag,
                properties=properties,
                progress=voice.progress,
            )
            require_whole(snapshot)
            if self.options.deep:
                self._prove(snapshot)
        except BaseException:
            voice.say("no migration was run: the target is as it was")
            self.record.left("unchanged", "No migration was run: the target is as it was.", fails=True)
            raise
        self.record.snapshot = snapshot
        voice.say(f"snapshot: {snapshot.path}, verified")
        voice.say(f"  restoring it would take about {in_words(restore_seconds(snapshot.manifest))}, by this command:")
        voice.say(f"  {voice.way_back(snapshot.path)}")
        return snapshot

    def _prove(self, snapshot: Snapshot) -> None:
        server, progress = self.options.settings.server, self.voice.progress
        comparison = verify_deep(snapshot, server, jobs=self.options.jobs, progress=progress)
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
            way_back = self.voice.way_back(snapshot.path)
            self.voice.say("stopped half-way: the target may be half migrated. This restores it:")
            self.voice.say(f"  {way_back}")
            message = "Stopped half-way: the target may be half migrated."
            self.record.left("unknown", message, fails=True, way_back=way_back)
            raise

    def _migrate(self) -> Failure | None:
        """Run what is pending, one step after the other, up to the first that fails."""
        settings = self.options.settings.apply
        parameters = {
            "lock_timeout": f"{settings.lock_timeout}s",
            "statement_timeout": f"{settings.statement_timeout}s",
            **({PARAMETER: "off"} if self.options.read_only else {}),
        }
        with Tap(self.address, parameters=parameters) as tap:
            for step in self.plan.pending if self.plan.pending is not None else (None,):
                failure = self._migrate_to(step, tap)
                if failure:
                    return failure
        return None

    def _migrate_to(self, step: Migration | None, tap: Tap) -> Failure | None:
        say, name = self.voice.say, step.version if step else "all that is pending"
        self.voice.progress(f"applying {name}")
        try:
            run = self.history.upgrade(tap.address, step)
        except (HistoryError, ClientToolMissing) as error:  # the tool can't be run after all, or not any more
            run = Run(0.0, failure=Failure(f"{error}. {error.hint or ''}".strip()))
        finally:
            statements = tap.take_statements()
            self.backends |= {statement.backend for statement in statements}
        self.record.ran(step, run.seconds, statements, run.failure)
        say(f"failed: {name}: {_told(run.failure)}" if run.failure else f"applied: {name} in {run.seconds:.1f} s")
        return run.failure

    def _end_leftovers(self, connection: psycopg.Connection, snapshot: Snapshot) -> None:
        """A statement whose client is gone goes on in the server; it must not commit after the state was read."""
        ours = sql.SQL("pid = ANY ({}) AND backend_start >= {}")
        terminate(connection, ours.format(sorted(self.backends), snapshot.manifest.taken))

    def _has_done_wrong(
        self, connection: psycopg.Connection, snapshot: Snapshot, past: Past, after: Reading, shown: StateDifference
    ) -> bool:
        """Say what has changed; true when something is lost that nobody said may be, or isn't applied after all."""
        say = self.voice.say
        for line in shown.describe(CHANGES_SHOWN):
            say(f"  {line}")
        missing = sorted({step.version for step in self.plan.pending or ()} - self.history.applied(connection))
        if missing:
            say(f"failed: the tool said success, but its books don't have {', '.join(missing)}")
            self.record.not_booked(missing)
        result = self._look_at_values(connection, snapshot, past, after)
        counted: tuple[str, ...] = ()
        if result.outcome is Outcome.NOT_CHECKED:
            say(f"not checked: {result.reason}")
            counted = losses(snapshot.state.contents.without(past.books), after.without_books.contents)
            self.record.lost(counted, accepted=self.options.accept_loss)
            for line in counted:
                say(f"{'accepted loss' if self.options.accept_loss else 'lost'}: {line}")
        lost = bool(counted) and not self.options.accept_loss
        return bool(missing) or lost or result.outcome is Outcome.FAILED

    def _look_at_values(
        self, connection: psycopg.Connection, snapshot: Snapshot, past: Past, after: Reading
    ) -> CheckResult:
        """The data check, as the gate has it, on the target; ignore comments and the user's word count."""
        settings, progress = self.options.settings, self.voice.progress
        progress("looking at the values")
        checks = replace(settings.checks, data_fails=()) if self.options.accept_loss else settings.checks
        files = tuple(step.up for step in self.plan.pending or ())
        with RestoredElsewhere(snapshot, settings.server, self.options.jobs, progress) as restored:
            target = MigratedTarget(
                connection, past, after.state.contents, restored, self.history, self._migrated_elsewhere
            )
            result = judge_data(target, checks, Location(file=files[0]) if len(files) == 1 else Location())
        (result,), _ = apply_ignores(read_ignores(files), (result,), ("data",))
        self.record.checked(result, files)
        if result.outcome is Outcome.PASSED:
            self.voice.say(f"values: {result.reason or result.answer}")
        for finding in result.findings:
            self._say_finding(finding)
        return result

    def _migrated_elsewhere(self, address: Address) -> bool:
        steps = self.plan.pending if self.plan.pending is not None else (None,)
        return all(self.history.upgrade(address, step).succeeded for step in steps)

    def _say_finding(self, finding: Finding) -> None:
        of = finding.location.object
        quiet = "accepted" if self.options.accept_loss else "noted"
        word = {Severity.ERROR: "failed", Severity.WARNING: "not checked"}.get(finding.severity, quiet)
        self.voice.say(f"{word}: {finding.rule}: {of}: {finding.message.removeprefix(f'{of}: ')}")
        for evidence in finding.evidence:
            several = "\n" in evidence.text
            self.voice.say(f"  {evidence.label}:" if several else f"  {evidence.label}: {evidence.text}")
            for line in evidence.text.splitlines() if several else ():
                self.voice.say(f"    {line}")

    def _take_back(self, aftermath: Aftermath) -> None:
        say, snapshot, shown = self.voice.say, aftermath.snapshot, aftermath.shown
        if not aftermath.difference.without_sequence_positions():
            say("nothing to restore: schema and rows are those of the snapshot")
            for change in shown.contents.sequences:
                say(f"  {change}: a sequence doesn't go back with its transaction")
            self.record.left("unchanged", "Nothing to restore: schema and rows are those of the snapshot.")
            return
        for line in shown.describe(CHANGES_SHOWN) or ("only what the migration tool wrote into its own tables",):
            say(f"  left behind: {line}")
        if aftermath.seen and not self._may_overwrite(aftermath):
            return
        how = How(jobs=self.options.jobs, in_place=self.plan.in_place, end_sessions=self.options.end_sessions)
        restored = restore(snapshot, self.address, how, self.voice.progress)
        for note in restored.notes:
            say(f"note: {note}")
        if restored.differences:
            say("the restored state is NOT the old one:")
            for line in restored.differences:
                say(f"  {line}")
            self._not_restored(snapshot, "What was restored is not the old state.")
        else:
            say(f"restored in {restored.seconds:.1f} s: schema and rows are those of the snapshot")
            self.record.left("restored", "Restored: schema and rows are those of the snapshot.")

    def _may_overwrite(self, aftermath: Aftermath) -> bool:
        self.voice.say("others may have written since the snapshot, and a restore would take that away:")
        for line in aftermath.seen:
            self.voice.say(f"  {line}")
        if self.voice.ask("Restore all the same?"):
            return True
        self.voice.say("not restored. To restore all the same:")
        self._not_restored(aftermath.snapshot, "Not restored: others may have written since the snapshot.")
        return False

    def _not_restored(self, snapshot: Snapshot, message: str) -> None:
        way_back = self.voice.way_back(snapshot.path)
        self.voice.say(f"  {way_back}")
        self.record.left("not-restored", message, fails=True, way_back=way_back)


def _told(failure: Failure) -> str:
    place = str(failure.location)
    return f"{place}: {failure.message}" if place else failure.message
