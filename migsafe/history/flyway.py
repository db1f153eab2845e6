"""Histories written for Flyway: V, U, R and B files and the table ``flyway_schema_history``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from migsafe.errors import HistoryError, SettingsError
from migsafe.findings import Finding, Location, Severity
from migsafe.history.files import migrations_directory, usual_directories
from migsafe.history.flyway_options import CONFIGURATION_FILES, FlywayOptions, read_options
from migsafe.history.model import HistorySettings, Migration, Run, refuse
from migsafe.history.problems import duplicate_version, empty_files, missing_downs, missing_versions
from migsafe.postgres.names import TableName, parse_table_name
from migsafe.sql.split import split

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from migsafe.history.flyway_books import Row
    from migsafe.history.flyway_files import FlywayFile
    from migsafe.history.flyway_runner import FlywayRun
    from migsafe.history.session import Output
    from migsafe.history.text import MigrationText
    from migsafe.postgres.address import Address


class FlywayHistory:
    """Flyway's SQL migrations, run as ``flyway migrate`` runs them (Flyway itself and Java are not needed).

    A repeatable migration has no version in the table; it goes by the name of its file here. ``flyway migrate`` runs
    repeatable migrations after all versioned ones, so ``upgrade`` to a versioned target runs none of them, although
    ``flyway -target`` would. ``U`` files take versions back, as in Flyway's paid editions.

    Limits: callbacks are not run, and a migration in Java is a :class:`HistoryError` when it lies beside the SQL.
    """

    kind = "flyway"
    stepwise = True

    def __init__(self, settings: HistorySettings) -> None:
        self._options = _options(settings)
        self._directories = _directories(settings, self._options)

    @staticmethod
    def fits(settings: HistorySettings) -> str | None:
        """Flyway's configuration file, or the first file of the settings' directory that is named Flyway's way."""
        from migsafe.history.flyway_files import has_files

        for name in CONFIGURATION_FILES:
            if (settings.root / name).is_file():
                return name
        for directory in usual_directories(settings):
            if found := has_files(directory):
                return f"{found} in {directory}"
        return None

    @cached_property
    def migrations(self) -> Sequence[Migration]:
        undos = {file.key: file.path for file in self._files if file.prefix == "U"}
        previous: str | None = None
        found = []
        for file in self._order:
            down = None if file.prefix == "R" else undos.get(file.key)
            parents = (previous,) if previous else ()
            previous = file.name
            found.append(Migration(file.name, file.description, file.path, down, parents, file.prefix == "R"))
        return tuple(found)

    @property
    def version_tables(self) -> tuple[TableName, ...]:
        return (TableName(self._options.table, self._options.schema),)

    def problems(self) -> tuple[Finding, ...]:
        """Duplicates (Flyway refuses to start), gaps, missing and empty undos, and what isn't run as Flyway would."""
        versioned = [migration for migration in self.migrations if not migration.repeatable]
        return (
            *(duplicate_version(second.name, first.path, second.path) for first, second in self._duplicates),
            *missing_versions(versioned, lambda migration: int(migration.version.split(".")[0])),
            *missing_downs(self.migrations),
            *empty_files(self.migrations, lambda file: not split(self._file_at[file].source.text)),
            *self._ignored_files(),
            *self._endless_waits(),
            *self._settings_not_taken_over(),
        )

    def texts(self, migrations: Sequence[Migration], server: int) -> Iterator[MigrationText]:
        """With the placeholders that the settings give; Flyway's own have stand-ins."""
        from migsafe.history.flyway_runner import stand_ins

        values = stand_ins(self._options)
        for migration in migrations:
            yield self._text(migration, self._file_at[migration.up], server, values)

    def _text(self, migration: Migration, file: FlywayFile, server: int, values: Mapping[str, str]) -> MigrationText:
        from migsafe.history.flyway_files import runs_in_transaction, with_placeholders
        from migsafe.history.model import RunFailed
        from migsafe.history.text import Runs, text_of, unread

        def rewritten(source: str) -> MigrationText:
            edited = replace(file, edited=source)
            if any(self._waits_endlessly(edited)):
                return unread(migration, next(self._waits_endlessly(edited)).message)
            return self._text(migration, edited, server, values)

        try:
            script = with_placeholders(file, values)
            together = runs_in_transaction(script, file, mixed=self._options.mixed, server=server)
        except RunFailed as failed:
            return unread(migration, failed.failure.message, failed.failure.location)
        except HistoryError as error:
            return unread(migration, error.message)
        runs = Runs.TOGETHER if together else Runs.ONE_BY_ONE
        return replace(text_of(script, runs, migration.version, migration.description), rewritten=rewritten)

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        """Versions that stand or lie at or below a baseline, and repeatable files whose last run had the same text."""
        from psycopg.sql import Identifier

        from migsafe.history.flyway_runner import placeholder_values
        from migsafe.history.flyway_table import read_rows
        from migsafe.history.session import Session
        from migsafe.postgres.tables import find_tables

        found = find_tables(connection, self.version_tables)
        if not found:
            return frozenset()
        session = Session(connection)
        rows = read_rows(session, Identifier(*filter(None, (found[0].schema, found[0].name))))
        values = placeholder_values(session, self._options, found[0].schema or "")
        return frozenset((*self._standing(rows), *self._unchanged(rows, values)))

    def stamp(self, version: str | None) -> str:
        """Empty: Flyway can only take away its entry of a failed migration."""
        return ""

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        """``flyway migrate`` up to the target: validate first, then one lock and one transaction for each file."""
        last = self._order.index(self._file_at[target.up]) if target else len(self._order)
        return self._run(address, lambda run: run.migrate(self._order[: last + 1]))

    def goes_back(self, target: Migration | None) -> bool:
        return (target or self.migrations[-1]).down is not None

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        """``flyway undo`` from the newest version down to the target. Raises :class:`HistoryError` for an R file."""
        undone = target or self.migrations[-1]
        if undone.repeatable:
            raise HistoryError("a repeatable migration can't be undone", where=str(undone.up))
        return self._run(address, lambda run: run.undo(self._file_at[undone.up]))

    def _run(self, address: Address, action: Callable[[FlywayRun], None]) -> Run:
        from migsafe.history import session
        from migsafe.history.flyway_runner import open_run

        def work(output: Output) -> None:
            for first, second in self._duplicates:
                what = f"migration with version {first.version}" if first.version else "repeatable migration"
                refuse(f"Found more than one {what}\nOffenders:\n-> {first.script}\n-> {second.script}")
            with open_run(output, self._files, self._options) as opened:
                action(opened)

        return session.run(address, work)

    @cached_property
    def _found(self) -> tuple[list[FlywayFile], list[Path]]:
        from migsafe.history.flyway_files import find_files

        return find_files(self._directories)

    @property
    def _files(self) -> list[FlywayFile]:
        return self._found[0]

    @cached_property
    def _order(self) -> list[FlywayFile]:
        """What an empty database gets, in order: the newest baseline, later versions, then repeatable files."""
        baselines = [file for file in self._files if file.prefix == "B"][-1:]
        above = baselines[0].key if baselines else ()
        later = [file for file in self._files if file.prefix == "V" and file.key > above]
        return [*baselines, *later, *(file for file in self._files if file.prefix == "R")]

    @cached_property
    def _file_at(self) -> dict[Path, FlywayFile]:
        return {file.path: file for file in self._files}

    @cached_property
    def _duplicates(self) -> list[tuple[FlywayFile, FlywayFile]]:
        same = ((first, second) for first, second in pairwise(self._files) if first.prefix == second.prefix)
        return [
            (first, second)
            for first, second in same
            if first.key == second.key and (first.prefix != "R" or first.description == second.description)
        ]

    def _standing(self, rows: Sequence[Row]) -> Iterator[str]:
        from migsafe.history.flyway_books import baseline_of, standing

        names = {file.key: file.name for file in self._files if file.prefix in "VB"}
        yield from (names.get(key, row.version or "") for key, row in standing(rows).items() if row.success)
        below = baseline_of(rows)
        yield from (name for key, name in names.items() if key <= below)

    def _unchanged(self, rows: Sequence[Row], values: Mapping[str, str]) -> Iterator[str]:
        from migsafe.history.flyway_books import latest_repeatables
        from migsafe.history.flyway_runner import checksums

        ran = latest_repeatables(rows)
        for file in (file for file in self._files if file.prefix == "R"):
            last = ran.get(file.booked_description)
            if last and last.success and last.checksum in checksums(file, values):
                yield file.name

    def _ignored_files(self) -> Iterator[Finding]:
        from migsafe.history.flyway_files import is_callback

        for path in self._found[1]:
            if is_callback(path):
                rule, severity = "history-callback-not-run", Severity.WARNING
                message = f"{path.name} is a callback: Flyway runs it, migsafe does not."
                remedy = 'Set [history] kind = "command" and runner = "flyway migrate" if it changes the database.'
            else:
                rule, severity = "history-file-ignored", Severity.NOTE
                message = f"{path.name} is not named as Flyway wants it, so it is never run."
                remedy = "Name it V<version>__<description>.sql, or move it elsewhere."
            yield Finding(rule, severity, message, remedy=remedy, location=Location(file=path))
        versions = {file.key for file in self._files if file.prefix == "V"}
        for file in (file for file in self._files if file.prefix == "U" and file.key not in versions):
            yield Finding(
                "history-file-ignored",
                Severity.NOTE,
                f"{file.path.name} takes back a version that there is not, so it is never run.",
                remedy="Give it the version that it takes back, or take it away.",
                location=Location(file=file.path),
            )

    def _endless_waits(self) -> Iterator[Finding]:
        for file in self._order:
            yield from self._waits_endlessly(file)

    def _waits_endlessly(self, file: FlywayFile) -> Iterator[Finding]:
        """With the default lock the connection that holds it keeps a snapshot, which a concurrent build waits for.

        Flyway's driver asks for the lock by the extended protocol, whose portal keeps its snapshot (``backend_xmin``
        in ``pg_stat_activity``) until the transaction ends.
        """
        from migsafe.history.flyway_files import builds_concurrently

        if self._options.transactional_lock and builds_concurrently(file):
            yield Finding(
                "history-lock-blocks-concurrently",
                Severity.WARNING,
                f"{file.path.name} builds concurrently, which waits for ever for the transaction in which Flyway holds "
                "its lock.",
                remedy="Set flyway.postgresql.transactional.lock = false, in flyway.toml or flyway.conf.",
                location=Location(file=file.path),
            )

    def _settings_not_taken_over(self) -> Iterator[Finding]:
        for name in self._options.not_taken_over:
            yield Finding(
                "history-setting-not-taken-over",
                Severity.WARNING,
                f"Flyway's setting {name} changes how migrations are run, and migsafe does not take it over.",
                remedy='Set [history] kind = "command" and runner = "flyway migrate".',
                location=Location(file=self._options.file),
            )


def _options(settings: HistorySettings) -> FlywayOptions:
    options = read_options(settings.root)
    if settings.version_table:
        table = parse_table_name(settings.version_table)
        options = replace(options, table=table.name, schema=table.schema or options.schema)
    return replace(options, placeholders={**options.placeholders, **settings.placeholders})


def _directories(settings: HistorySettings, options: FlywayOptions) -> tuple[Path, ...]:
    """The settings' directory, else Flyway's own locations, else the usual places."""
    if settings.path is not None or not options.locations:
        return (migrations_directory(settings),)
    missing = [directory for directory in options.locations if not directory.is_dir()]
    if missing:
        raise SettingsError(
            f"there is no such directory: {missing[0]}",
            where=str(options.file),
            hint="Mend flyway.locations, or name the directory in [history] path.",
        )
    return options.locations
