"""The way back from a step, as the project's own tool goes it, and what it leads to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.checks.transactions import durable_transactions
from migsafe.plain import many_are
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.sequences import read_sequences
from migsafe.state import compare_states

if TYPE_CHECKING:
    import psycopg

    from migsafe.checks.experiment import Experiment
    from migsafe.findings import Statement
    from migsafe.rows.contents import Contents
    from migsafe.rows.sequences import Sequence
    from migsafe.sandbox import Sandbox, TracedRun
    from migsafe.state import State, StateDifference

Surplus = Mapping[str, int]
"""How many rows each version table has that it had not before the migration."""


@dataclass(frozen=True, slots=True)
class Return:
    """A way back that was gone: the runs of the tool, of which only the last may have failed, and where it led.

    ``books`` says in what the tool's books are not as they were before the migration.
    """

    runs: tuple[TracedRun, ...]
    state: State
    books: tuple[str, ...]

    @property
    def run(self) -> TracedRun:
        """The last one."""
        return self.runs[-1]

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(statement for run in self.runs for statement in run.statements)

    def does_nothing(self, experiment: Experiment) -> bool:
        """Whether the tool only made an entry in its books, and left everything else as the migration had made it."""
        if not self.run.succeeded or compare_states(experiment.state_after, self.state):
            return False
        return durable_transactions(self.statements, experiment.sandbox.history.version_tables) == 0


def go_back(experiment: Experiment, database: str) -> Return:
    """Take the step back in a clone of ``experiment.after``.

    A tool that can't stop between migrations is run again and again, for as long as its books get shorter and are not
    what they were before.
    """
    sandbox, target = experiment.sandbox, experiment.step.target
    if sandbox.history.stepwise:
        run = sandbox.downgrade(database, target)
        books = tuple(_booked(sandbox, experiment.before, database)) if run.succeeded else ()
        return Return((run,), sandbox.state(database), books)
    runs: list[TracedRun] = []
    books = tuple(_repeat(experiment, database, runs))
    return Return(tuple(runs), sandbox.state(database), books)


def _booked(sandbox: Sandbox, before: str, after: str) -> Iterator[str]:
    with sandbox.connect(before) as ours, sandbox.connect(after) as theirs:
        was, stands = sandbox.history.applied(ours), sandbox.history.applied(theirs)
    yield from (f"{version} is still booked as applied" for version in sorted(stands - was))
    yield from (f"{version}, which was applied before, no longer is" for version in sorted(was - stands))


def _repeat(experiment: Experiment, database: str, runs: list[TracedRun]) -> Iterator[str]:
    """Tables that only grow are journals of the tool's, and tell nothing about what is left to do."""
    left, books = _surplus(experiment, database), set[str]()
    while True:
        runs.append(experiment.sandbox.downgrade(database, None))
        there = _surplus(experiment, database)
        shorter = {table for table in left if there.get(table, 0) < left[table]}
        books |= shorter
        left = there
        if not runs[-1].succeeded or not shorter or not any(left.get(table) for table in books):
            break
    if runs[-1].succeeded:
        remaining = ((table, left[table]) for table in sorted(books) if left.get(table))
        yield from (f"of {table} {many_are(count, 'row')} still there" for table, count in remaining)


def _surplus(experiment: Experiment, database: str) -> Surplus:
    before, after = (_books(experiment.sandbox, each) for each in (experiment.before, database))
    return {table: (rows - before.get(table, Counter())).total() for table, rows in after.items()}


def _books(sandbox: Sandbox, database: str) -> dict[str, Counter[bytes]]:
    return {str(table): Counter(rows.splitlines()) for table, rows in sandbox.books(database).rows}


def sequences_behind(experiment: Experiment, database: str, difference: StateDifference) -> tuple[str, ...]:
    """What is to be said of sequences that will hand out a value a second time, which they would not have done before.

    That is one whose column has the value already, or that nobody owns and that has gone back.
    """
    moved = {change.name: change.old for change in difference.contents.sequences if change.old and change.new}
    if not moved:
        return ()
    with experiment.sandbox.connect(experiment.before) as connection:
        already = {each.name for each in _sequences(connection) if each.behind}
    with experiment.sandbox.connect(database) as connection:
        found = [each for each in _sequences(connection) if each.name in moved and each.name not in already]
    return tuple(line for each in found if (line := _behind(each, replace(each, position=moved[each.name]))))


def _behind(sequence: Sequence, before: Sequence) -> str:
    if sequence.column:
        return sequence.warning if sequence.behind else ""
    if sequence.cycles or (sequence.next_value - before.next_value) * sequence.increment >= 0:
        return ""
    return f"sequence {sequence.name} gives {sequence.next_value} next, and would have given {before.next_value}"


def _sequences(connection: psycopg.Connection) -> list[Sequence]:
    with consistent_reading(connection):
        return read_sequences(connection, {}, columns=True)


def put_sequences_back(connection: psycopg.Connection, contents: Contents) -> None:
    """Let the sequences stand where they stood, so that a migration numbers its rows as it did the first time."""
    names, positions = list(contents.sequences), list(contents.sequences.values())
    connection.execute(
        "SELECT setval(to_regclass(name), last_value, is_called)"
        " FROM unnest(%s::text[], %s::bigint[], %s::boolean[]) AS s (name, last_value, is_called)"
        " WHERE to_regclass(name) IS NOT NULL",
        (names, [each.last_value for each in positions], [each.is_called for each in positions]),
    )
