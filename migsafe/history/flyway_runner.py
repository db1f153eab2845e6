"""One ``flyway migrate`` or ``flyway undo``, connection by connection and statement by statement as Flyway does it.

Read off ``DbMigrate``, ``JdbcTableSchemaHistory`` and the PostgreSQL support of Flyway 11. With Flyway's default lock
there are two connections: one holds ``pg_try_advisory_xact_lock`` in a transaction and writes the history table in it,
the other runs the migration in a transaction of its own, which commits first. So a crash between the two commits
leaves a migration that nobody booked, and the row for a migration that failed outside a transaction is rolled back.
With ``postgresql.transactional.lock = false`` there is one connection, and both go into one transaction.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from migsafe.history.flyway_books import Row, invalid, pending, standing
from migsafe.history.flyway_files import FlywayFile, checksum, runs_in_transaction, with_placeholders
from migsafe.history.flyway_options import FlywayOptions
from migsafe.history.flyway_table import HistoryTable, quoted
from migsafe.history.model import RunFailed, refuse
from migsafe.history.session import Output, Session
from migsafe.sql.split import split


@contextmanager
def open_run(output: Output, files: Sequence[FlywayFile], options: FlywayOptions) -> Iterator[FlywayRun]:
    """Connect, once or twice as the lock demands, and find out where the history table belongs."""
    with output.connect() as main, output.connect() if options.transactional_lock else nullcontext(main) as migration:
        current, user, path = main.query("SELECT current_schema(), current_user, current_setting('search_path')")[0]
        schema = options.schema or current
        if schema is None:
            refuse("Unable to determine current schema as search_path is empty.")
        table = HistoryTable(main, schema, options.table, user, options.transactional_lock)
        search_path = path if f"{path},".startswith(f"{schema},") else f"{quoted(schema)},{path}"
        values = placeholder_values(main, options, schema)
        yield FlywayRun(output, files, options, table, migration, search_path, values)


def placeholder_values(connection: Session, options: FlywayOptions, schema: str) -> dict[str, str]:
    """The project's placeholders and Flyway's own."""
    user, database = connection.query("SELECT current_user, current_database()")[0]
    return _values(options, schema, user, database)


def stand_ins(options: FlywayOptions) -> dict[str, str]:
    """The same where there is no connection to ask."""
    return _values(options, options.schema or "public", "flyway", "flyway")


def _values(options: FlywayOptions, schema: str, user: str, database: str) -> dict[str, str]:
    return {
        **options.placeholders,
        "flyway:defaultSchema": schema,
        "flyway:user": user,
        "flyway:database": database,
        "flyway:timestamp": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        "flyway:workingDirectory": str(Path.cwd()),
        "flyway:table": options.table,
        "flyway:environment": "default",
    }


def checksums(file: FlywayFile, values: Mapping[str, str]) -> tuple[int, ...]:
    """What the file is booked with, and what else counts as unchanged: R without its placeholders replaced."""
    if file.prefix != "R":
        return (file.checksum,)
    return checksum(with_placeholders(file, values).text), file.checksum


@dataclass(frozen=True, slots=True)
class FlywayRun:
    """One run. ``table`` and ``migration`` share their connection when the lock is the session's."""

    output: Output
    files: Sequence[FlywayFile]
    options: FlywayOptions
    table: HistoryTable
    migration: Session
    search_path: str
    placeholders: Mapping[str, str]

    def migrate(self, wanted: Collection[FlywayFile]) -> None:
        """Validate, make the history table if need be, and run what is pending among ``wanted``, one lock for each."""
        self._validate()
        if not self.table.exists():
            self.table.create()
        ran = True
        while ran:
            with self.table.locked():
                rows = self.table.rows()
                waiting = pending(self.files, rows, self._checksums, out_of_order=self.options.out_of_order)
                following = next((file for file in waiting if file in wanted), None)
                if following:
                    self._apply(following, rows)
                ran = following is not None

    def undo(self, last: FlywayFile) -> None:
        """Run the undo files of every standing version from the newest down to ``last``, one lock for each."""
        self._validate()
        undos = {file.key: file for file in self.files if file.prefix == "U"}
        for key, row in sorted(standing(self.table.rows()).items(), reverse=True):
            if key < last.key:
                break
            if key not in undos:
                refuse(f"Unable to undo migration to version {row.version} as no undo script for it was found.")
            with self.table.locked():
                self._apply(undos[key], self.table.rows())

    def _validate(self) -> None:
        complaints = invalid(self.files, self.table.rows(), self._checksums, out_of_order=self.options.out_of_order)
        if complaints:
            refuse("\n".join(("Validate failed: Migrations have failed validation", *complaints)))

    def _apply(self, file: FlywayFile, rows: Sequence[Row]) -> None:
        script = with_placeholders(file, self.placeholders)
        server = self.migration.connection.info.server_version // 10000
        in_transaction = runs_in_transaction(script, file, mixed=self.options.mixed, server=server)
        rank = max((row.installed_rank for row in rows), default=0) + 1
        booked_checksum = self._checksums(file)[0]
        started = time.perf_counter()
        try:
            if in_transaction:
                self.migration.query("BEGIN")
            self.migration.query(SQL("SET ROLE {}").format(Identifier(self.table.user)))
            self.migration.query("SELECT set_config('search_path', %s, false)", (self.search_path,))
            for statement in split(script.text):
                self.migration.run_statement(script, statement)
        except (RunFailed, psycopg.Error):
            with suppress(psycopg.Error):  # the first error is the one to tell
                if in_transaction:
                    self.migration.query("ROLLBACK")
                else:
                    self.table.book(file, rank, booked_checksum, started, success=False)
            raise
        self.table.book(file, rank, booked_checksum, started, success=True)
        if in_transaction:
            self.migration.query("COMMIT")
        self.output.say(f"Migrated schema {quoted(self.table.schema)}: {file.script}")

    def _checksums(self, file: FlywayFile) -> tuple[int, ...]:
        return checksums(file, self.placeholders)
