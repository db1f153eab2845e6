"""The way back once more, with a few rows written between, as the new application would write them.

The rows are invented from the new schema (:mod:`migsafe.populate.invent`). The tool must not fail on them. The old rows
must hold what the way back leaves of them where there are no new ones; what that loses by itself is not said again. Of
the new rows it is told which are gone, and which of their values are others, in columns that the old schema has too.

Limits: what a way back does only on rows of another kind is not seen. New rows are followed by the primary key that the
new schema has: in a table without one they are counted, and a new number for them is told as a row that is gone. What
they had in columns or tables that only the new schema has is not asked. The schema is compared without new rows alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.checks.data.check import what_became
from migsafe.checks.data.findings import Ending
from migsafe.checks.data.sides import Clones, Kept
from migsafe.checks.rollback.findings import Judged, breaks_on_new_rows, lossy_on_new_rows, new_rows_end
from migsafe.checks.rollback.run import go_back
from migsafe.populate.invent import invent
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.lineage import follow, read_relations
from migsafe.rows.survival import Survival
from migsafe.rows.written import next_transaction, what_became_of, without_rows, written_since

if TYPE_CHECKING:
    import psycopg

    from migsafe.checks.experiment import Experiment
    from migsafe.populate.invent import Invented
    from migsafe.rows.contents import Contents
    from migsafe.rows.lineage import Relation
    from migsafe.rows.written import Row


@dataclass(frozen=True, slots=True)
class _Written:
    """What was written, by the oid of the table, and what the database then held."""

    invented: Invented
    relations: Sequence[Relation]
    rows: Mapping[int, Sequence[Row]]
    contents: Contents


def judge_with_new_rows(experiment: Experiment, plain: Kept | None) -> Judged:
    """``plain`` is where the way back leads without new rows; where it is none, only failing is asked."""
    sandbox = experiment.sandbox
    with sandbox.scratch("written", template=experiment.after) as database:
        written = _write(experiment, database)
        left_out = [f"{name}: {reason}" for name, reason in sorted(written.invented.not_invented.items())]
        back = go_back(experiment, database)
        if not back.run.succeeded:
            return Judged(broken=(breaks_on_new_rows(experiment, back, written.invented.rows, left_out),))
        if plain is None:
            why = (
                "what becomes of rows once there are new ones is not looked at: the migration changes the whole server"
            )
            return Judged(notes=(why,))
        there = Kept(database, back.state.contents)
        endings, not_compared = _old_rows(experiment, plain, there, written)
        with sandbox.connect(database) as connection, consistent_reading(connection):
            new, uncounted = _new_rows(connection, there.contents, written)
    fails = experiment.settings.data_fails
    notes = [f"tables with fewer new rows than tried: {len(left_out)}, such as {left_out[0]}"] if left_out else []
    notes += [f"what new rows do to the old ones of {name}: {why}" for name, why in sorted(not_compared.items())]
    notes += [f"tables without a key, where new rows are not followed: {', '.join(uncounted)}"] if uncounted else []
    return Judged(
        lossy=tuple(lossy_on_new_rows(experiment, each, fails=each.survival in fails) for each in endings),
        new_rows=tuple(new_rows_end(experiment, each) for each in new),
        notes=tuple(notes),
    )


def _write(experiment: Experiment, database: str) -> _Written:
    sandbox = experiment.sandbox
    tables = experiment.state_after.contents.tables
    with sandbox.connect(database) as connection:
        first = next_transaction(connection)
        invented = invent(connection, sandbox.history.version_tables)
        with consistent_reading(connection):
            relations = read_relations(connection, tables.keys())
            rows = written_since(connection, relations, first)
    return _Written(invented, relations, rows, sandbox.state(database).contents)


def _old_rows(
    experiment: Experiment, plain: Kept, there: Kept, written: _Written
) -> tuple[Sequence[Ending], Mapping[str, str]]:
    """What became of them because of the new ones; rows that are there besides are the new ones."""
    rest = without_rows(there.contents, experiment.state_after.contents, written.contents)
    sides = Clones(experiment.sandbox, plain, replace(there, contents=rest), lambda _: False)
    endings, not_compared = what_became(sides, replace(experiment.settings, moved={}))
    return [each for each in endings if each.survival is not Survival.APPEARED], not_compared


def _new_rows(
    connection: psycopg.Connection, contents: Contents, written: _Written
) -> tuple[Sequence[Ending], Sequence[str]]:
    """What became of them where the old schema has a place for them, and the tables where they can't be followed."""
    relations = read_relations(connection, contents.tables.keys())
    pairs = [each for each in follow(written.relations, relations, {}).pairs if written.rows.get(each.old.oid)]
    endings = list[Ending]()
    for pair in pairs:
        if not pair.key:
            continue
        rows = written.rows[pair.old.oid]
        for tally in what_became_of(connection, pair, rows):
            column = tally.column[1] if tally.column else None
            endings.append(Ending(pair.new, column, column, tally.survival, tally.count, len(rows), tally.samples))
    return endings, sorted(pair.new.name for pair in pairs if not pair.key)
