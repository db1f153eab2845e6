"""Claim: no value that was there before is lost, nulled, truncated, rounded or shifted, and no row is gone.

Method: tables and columns are followed by oid and number, so that a new name changes nothing; what is gone by number is
followed by ``[checks] moved``, then by name. A column whose digest is the same on both sides is kept. Only tables that
have another one are read row by row: the old values are brought beside the new ones in a clone, and counted by what
became of them. A cast that may depend on the session's time zone is put to the test: the step is run once more with
another one, and values that come out differently are *shifted*, whatever they are here.

Limits: a loss that is meant looks like one that isn't, so that it needs an ignore comment with its reason. A *changed*
value is any that is none of the others; it is told, and fails nothing. Elements of arrays are not looked at one by one,
but for arrays that became shorter. Values that only production has are not seen.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg

from migsafe.checks.data.findings import Ending, finding_of, not_comparable
from migsafe.checks.data.sides import Clones, Kept, OldRowsMissing
from migsafe.errors import CannotCheck
from migsafe.findings import CheckResult, Finding, Location, Outcome
from migsafe.plain import many
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.identity import column_digests
from migsafe.rows.lineage import Lineage, contents_of, follow, not_proved_kept, read_relations
from migsafe.rows.matching import compare_pair, first_rows, side_by_side
from migsafe.rows.survival import Survival, depends_on_time_zone

if TYPE_CHECKING:
    from migsafe.checks.data.sides import ForeignKey, Migrated
    from migsafe.checks.experiment import Experiment
    from migsafe.config import CheckSettings
    from migsafe.rows.lineage import ColumnPair, Pair, Relation, TypedColumn
    from migsafe.rows.matching import Sides

    Suspects = Mapping[Pair, tuple[ColumnPair, ...]]

ZONES = ("Asia/Kathmandu", "America/St_Johns")
"""Zones that nobody's server is in by default; the first that isn't the server's own is tried."""

FAILURES = tuple(each for each in Survival if each not in (Survival.RETYPED, Survival.KEPT))
"""What ``[checks] data_fails`` may name."""

REASONS_SHOWN = 3


def check_data(experiment: Experiment) -> CheckResult:
    """Failed by what ``[checks] data_fails`` names; not checked when the step failed or something can't be compared."""
    if not experiment.applied.succeeded:
        return CheckResult("data", Outcome.NOT_CHECKED, reason="the migration failed")
    sandbox, target = experiment.sandbox, experiment.step.target
    before = Kept(experiment.before, experiment.state_before.contents)
    after = Kept(experiment.after, experiment.state_after.contents)
    clones = Clones(sandbox, before, after, lambda database: sandbox.upgrade(database, target).succeeded)
    return judge_data(clones, experiment.settings, experiment.step.location)


def what_became(migrated: Migrated, settings: CheckSettings) -> tuple[tuple[Ending, ...], Mapping[str, str]]:
    """What became of every value and row that did not stay, and what can't be compared, with the reason."""
    data = _Data(migrated, settings, Location())
    data.compare()
    return tuple(data.endings), data.not_compared


def judge_data(migrated: Migrated, settings: CheckSettings, place: Location) -> CheckResult:
    """The same of any database before and after a migration. Where old rows can't be had, says what isn't known."""
    started = time.monotonic()
    return replace(_Data(migrated, settings, place).result(), seconds=time.monotonic() - started)


class _Data:
    """One comparison: what it finds gathers in ``endings`` and ``not_compared`` (why, by name)."""

    def __init__(self, migrated: Migrated, settings: CheckSettings, place: Location) -> None:
        self.migrated = migrated
        self.settings = settings
        self.place = place
        self.before = migrated.before
        self.after = migrated.after
        self.endings: list[Ending] = []
        self.not_compared: dict[str, str] = {}

    def result(self) -> CheckResult:
        return self._sum_up(*self.compare())

    def compare(self) -> tuple[int, int]:
        """Fill ``endings`` and ``not_compared``; returns how many columns there are, and are only of another type."""
        lineage = self._lineage()
        gone = [*((table, None) for table in lineage.gone_tables), *lineage.gone_columns]
        shifting = self._shifting(lineage.pairs)
        suspects = {pair: self._suspects(pair, shifting.get(pair, ())) for pair in lineage.pairs}
        suspects = {pair: columns for pair, columns in suspects.items() if columns}
        self.endings += self._lost(gone)
        self.endings += self._rows_without_columns(lineage.pairs)
        try:
            self._look(suspects, shifting)
        except OldRowsMissing as error:
            self.not_compared |= {pair.old.name: f"its old rows can't be had: {error.message}" for pair in suspects}
        retyped = sum(1 for pair in lineage.pairs for column in pair.columns if self._is_retyped(pair, column))
        columns = sum(len(pair.columns) for pair in lineage.pairs)
        self.endings = list(self._with_foreign_keys(self.migrated.origin.foreign_keys))
        return columns, retyped

    def _lineage(self) -> Lineage:
        names = self.after.tables.keys() | self.after.not_checked.keys()
        with self.migrated.read() as connection, consistent_reading(connection):
            new = read_relations(connection, names)
        return follow(self.migrated.origin.relations, new, self.settings.moved)

    def _lost(self, gone: Iterable[tuple[Relation, TypedColumn | None]]) -> Iterator[Ending]:
        """Tables and columns that are not there any more count as lost with what they held."""
        for table, column in gone:
            contents = contents_of(table, self.before)
            if contents is None:
                self.not_compared[table.name_of(column) if column else table.name] = "it is gone, and was not read"
                continue
            count = contents.columns[column.name].values if column else contents.rows
            if count:
                yield Ending(table, column, None, Survival.LOST, count, contents.rows)

    def _rows_without_columns(self, pairs: Iterable[Pair]) -> Iterator[Ending]:
        """Tables of which no column is left to lay side by side: their rows can only be counted."""
        for pair in pairs:
            old, new = contents_of(pair.old, self.before), contents_of(pair.new, self.after)
            if pair.columns or not pair.whole or old is None or new is None or old.rows == new.rows:
                continue
            survival = Survival.DISAPPEARED if old.rows > new.rows else Survival.APPEARED
            of = pair.old if survival is Survival.DISAPPEARED else pair.new
            yield Ending(of, None, None, survival, abs(old.rows - new.rows), old.rows)

    def _suspects(self, pair: Pair, shifting: Iterable[ColumnPair]) -> tuple[ColumnPair, ...]:
        unread = [name for name in pair.new.leaves if name in self.after.not_checked]
        if unread:
            self.not_compared[pair.new.name] = self.after.not_checked[unread[0]]
            return ()
        columns = not_proved_kept(pair, contents_of(pair.old, self.before), contents_of(pair.new, self.after))
        return tuple(column for column in pair.columns if column in columns or column in shifting)

    def _shifting(self, pairs: Iterable[Pair]) -> dict[Pair, tuple[ColumnPair, ...]]:
        """The columns whose new values are others when the migration runs in another time zone."""
        asked = {pair: tuple(each for each in pair.columns if depends_on_time_zone(*each)) for pair in pairs}
        asked = {pair: columns for pair, columns in asked.items() if columns}
        if not asked:
            return {}
        with self.migrated.read() as here:
            zone = next(zone for zone in ZONES if zone != here.info.parameter_status("TimeZone"))
            try:
                with self.migrated.elsewhere(zone) as there:
                    if there is not None:
                        with consistent_reading(here), consistent_reading(there):
                            return {pair: tuple(_differing(here, there, pair, asked[pair])) for pair in asked}
                reason = f"the migration fails in {zone}"
            except OldRowsMissing as error:
                reason = error.message
        reason = f"whether it depends on the session's time zone can't be known: {reason}"
        self.not_compared |= {pair.old.name_of(each[0]): reason for pair in asked for each in asked[pair]}
        return {}

    def _look(self, suspects: Suspects, shifting: Suspects) -> None:
        """Read the rows of what is lost and of what may not be kept. Raises :class:`OldRowsMissing`."""
        lost = tuple(each for each in self.endings if each.survival is Survival.LOST)
        tables = {*(each.table for each in lost), *(pair.old for pair in suspects)}
        if not tables:
            return
        with self.migrated.rows({leaf for table in tables for leaf in table.leaves}) as sides:
            with consistent_reading(sides.before):
                found = [(each, first_rows(sides.before, each.table, each.column)) for each in lost]
            known = [each for each in self.endings if each not in lost]
            self.endings = [*known, *(replace(each, samples=samples) for each, samples in found)]
            for pair, columns in suspects.items():
                self._compare(sides, pair, columns, shifting.get(pair, ()))

    def _compare(
        self, sides: Sides, pair: Pair, columns: tuple[ColumnPair, ...], shifting: tuple[ColumnPair, ...]
    ) -> None:
        try:
            with side_by_side(sides):
                tallies = compare_pair(sides, pair, columns, shifting)
        except CannotCheck as error:
            self.not_compared[pair.old.name] = error.message
            return
        except psycopg.Error as error:
            if sides.broken:
                raise
            self.not_compared[pair.old.name] = error.diag.message_primary or str(error)
            return
        contents = contents_of(pair.old, self.before)
        rows = contents.rows if contents else 0
        for tally in tallies:
            column, new = tally.column or (None, None)
            of = pair.old if tally.survival is not Survival.APPEARED else pair.new
            self.endings.append(Ending(of, column, new, tally.survival, tally.count, rows, tally.samples))

    def _is_retyped(self, pair: Pair, column: ColumnPair) -> bool:
        old, new = column
        if old.declared == new.declared or pair.old.name in self.not_compared:
            return False
        return not any(each.table is pair.old and each.column is old for each in self.endings)

    def _with_foreign_keys(self, foreign_keys: Iterable[ForeignKey]) -> Iterator[Ending]:
        """Each ending with the foreign keys that may have brought it about: the table that they refer to lost rows."""
        gone = {each.table.oid: each for each in self.endings if each.survival is Survival.DISAPPEARED}
        for each in self.endings:
            blamed = (key for key in foreign_keys if key.table == each.table.oid and key.referenced in gone)
            lines = [_cascade(key, gone[key.referenced]) for key in blamed if _brings_about(key, each)]
            yield replace(each, foreign_keys=tuple(lines))

    def _sum_up(self, columns: int, retyped: int) -> CheckResult:
        endings = self.endings
        fails = {each for each in endings if each.survival in self.settings.data_fails}
        order = list(Survival)
        endings.sort(key=lambda each: (order.index(each.survival), each.subject))
        findings: list[Finding] = [finding_of(each, self.place, fails=each in fails) for each in endings]
        findings += [not_comparable(name, reason, self.place) for name, reason in sorted(self.not_compared.items())]
        ends = [each.survival for each in endings if each in fails or not fails]
        answer = min([*ends, Survival.RETYPED if retyped else Survival.KEPT], key=order.index)
        if fails:
            return CheckResult("data", Outcome.FAILED, answer, _counted(endings, columns, retyped), tuple(findings))
        if self.not_compared:
            reasons = [f"{name}: {reason}" for name, reason in sorted(self.not_compared.items())]
            more = [f"and {len(reasons) - REASONS_SHOWN} more"] if len(reasons) > REASONS_SHOWN else []
            reason = "; ".join([*reasons[:REASONS_SHOWN], *more])
            return CheckResult("data", Outcome.NOT_CHECKED, "not comparable", reason, tuple(findings))
        return CheckResult("data", Outcome.PASSED, answer, _counted(endings, columns, retyped), tuple(findings))


def _differing(
    here: psycopg.Connection, there: psycopg.Connection, pair: Pair, columns: tuple[ColumnPair, ...]
) -> Iterator[ColumnPair]:
    news = [new for _, new in columns]
    ours, theirs = (column_digests(connection, pair.new, news)[2] for connection in (here, there))
    yield from (column for column, a, b in zip(columns, ours, theirs, strict=True) if a != b)


def _brings_about(key: ForeignKey, ending: Ending) -> bool:
    if key.action == "CASCADE":
        return ending.survival is Survival.DISAPPEARED
    wanted = Survival.NULLED if key.action == "SET NULL" else Survival.CHANGED
    return ending.survival is wanted and ending.column is not None and ending.column.number in key.columns


def _cascade(key: ForeignKey, referenced: Ending) -> str:
    return f"{key.name} (ON DELETE {key.action}) refers to {referenced.table.name}, where rows disappeared too"


def _counted(endings: Iterable[Ending], columns: int, retyped: int) -> str:
    """``7 columns kept, 1 re-typed and equal, 2 changed``."""
    worst: dict[tuple[Relation, object], Survival] = {}
    for each in endings:
        if each.column:
            worst.setdefault((each.table, each.column), each.survival)
    counts = Counter(str(survival) for survival in worst.values())
    surviving = sum(1 for survival in worst.values() if survival is not Survival.LOST)
    kept = f"{many(columns - retyped - surviving, 'column')} kept"
    equal = [f"{retyped} re-typed and equal"] if retyped else []
    return ", ".join([kept, *equal, *(f"{counts[each]} {each}" for each in Survival if counts[each])])
