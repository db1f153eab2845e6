"""What a second run makes of what a crash left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from migsafe.checks.samples import row_samples
from migsafe.checks.transactions import durable_transactions
from migsafe.findings import Evidence
from migsafe.state import StateDifference, compare_states

if TYPE_CHECKING:
    from migsafe.checks.excuses import Excuses
    from migsafe.checks.experiment import Experiment
    from migsafe.sandbox import Reading, TracedRun
    from migsafe.state import State


class Word(StrEnum):
    """The answer of the check, and that for one state that a crash left behind."""

    CONVERGES = "converges"
    BLOCKED = "blocked"
    STUCK = "stuck"
    SILENTLY_WRONG = "silently wrong"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one state that was left behind.

    ``run`` is the second run, ``left`` the state that it found, without the tool's books; ``done`` says whether all of
    the migration was in it. ``books`` are the version tables then, each with its last row. ``difference`` and
    ``samples`` are of the state that the second run ended with, where that is a wrong one. ``forced`` is a further run
    after the books had been put back as they were before the migration, where the tool would not go on without that.
    """

    word: Word
    run: TracedRun
    left: State
    done: bool
    books: Mapping[str, str] = field(default_factory=dict)
    difference: StateDifference = field(default_factory=StateDifference)
    samples: tuple[Evidence, ...] = ()
    forced: TracedRun | None = None


class Judge:
    """Runs the migration again and compares."""

    def __init__(self, experiment: Experiment, excuses: Excuses) -> None:
        self._experiment = experiment
        self._excuses = excuses
        self._books_before = experiment.sandbox.books(experiment.before)
        # Flyway books a migration after it has committed: no migration can help dying in between.
        transactions = durable_transactions(experiment.applied.statements, experiment.sandbox.history.version_tables)
        self._commits_once = transactions <= 1

    def verdict(self, database: str, left: Reading) -> Verdict:
        """The answer for what is left in ``database``, which is used up by it."""
        sandbox, found = self._experiment.sandbox, left.without_books
        done, books = not self._difference(found), sandbox.books(database)
        run = self._run(database)
        difference = self._difference(sandbox.state(database))
        seen = Verdict(Word.CONVERGES, run, found, done, books.last_rows, difference)
        if run.succeeded:
            return self._wrong(seen, database) if difference else seen
        if not sandbox.history.version_tables:
            # Nothing but the state can tell that the work is done, and the second run left that alone.
            return seen if not difference else replace(seen, word=Word.STUCK)
        if not difference and (run.failed_statement is None or (done and self._commits_once)):
            return replace(seen, word=Word.BLOCKED)
        if books == self._books_before:
            return replace(seen, word=Word.STUCK)
        return self._force(seen, database)

    def _force(self, seen: Verdict, database: str) -> Verdict:
        """Run once more with the books put back: with nothing else in the way, the tool is only blocked by them."""
        sandbox = self._experiment.sandbox
        sandbox.put_books_back(database, self._books_before)
        forced = self._run(database)
        difference = self._difference(sandbox.state(database))
        word = Word.BLOCKED if forced.succeeded and not difference else Word.STUCK
        return replace(seen, word=word, forced=forced, difference=difference)

    def _wrong(self, seen: Verdict, database: str) -> Verdict:
        samples = row_samples(self._experiment.sandbox, self._experiment.after, database, seen.difference)
        return replace(seen, word=Word.SILENTLY_WRONG, samples=tuple(samples))

    def _run(self, database: str) -> TracedRun:
        return self._experiment.sandbox.upgrade(database, self._experiment.step.target)

    def _difference(self, state: State) -> StateDifference:
        return self._excuses.take_from(compare_states(self._experiment.state_after, state))
