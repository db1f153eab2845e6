"""Any migration tool that takes a connection URL from its environment and is started by a command."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from migsafe.errors import ClientToolMissing, SettingsError
from migsafe.findings import Finding, Location
from migsafe.history.environment import scrub, tool_environment, url_variables
from migsafe.history.model import Failure, HistorySettings, Migration, Run
from migsafe.postgres.names import TableName, parse_table_name

if TYPE_CHECKING:
    import psycopg

    from migsafe.history.text import MigrationText
    from migsafe.postgres.address import Address

DEFAULT_URL_BY = "env DATABASE_URL"

LINES_SHOWN = 20

KNOWN_VERSION_TABLES = (
    "_prisma_migrations",
    "_sqlx_migrations",
    "_yoyo_log",
    "_yoyo_migration",
    "_yoyo_version",
    "__EFMigrationsHistory",
    "__diesel_schema_migrations",
    "alembic_version",
    "ar_internal_metadata",
    "atlas_schema_revisions",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "flyway_schema_history",
    "goose_db_version",
    "gorp_migrations",
    "knex_migrations",
    "knex_migrations_lock",
    "pgmigrations",
    "refinery_schema_history",
    "schema_migrations",
    "seaql_migrations",
    "yoyo_lock",
)
"""Where the tools we know keep their books. Those that don't exist are of no consequence."""


class CommandHistory:
    """The history of a tool that is known by its command line only.

    It can't be asked for its migrations or stopped between them, so everything that is pending is one step. The files
    under ``path`` are listed by name, to say where a failure may come from.
    """

    kind = "command"
    stepwise = False

    def __init__(self, settings: HistorySettings) -> None:
        """Raises :class:`migsafe.errors.SettingsError`."""
        self._settings = settings
        self._timeout = settings.timeout
        if not settings.runner:
            raise SettingsError(
                "[history] runner is not set, so there is no command that would apply the migrations",
                hint='Write, for example: runner = "npx prisma migrate deploy"',
            )
        how, _, self._variables = (settings.url_by or DEFAULT_URL_BY).partition(" ")
        if how != "env" or not self._variables:
            raise SettingsError(
                f"[history] url_by = {settings.url_by!r} can't be done for a command",
                hint='Write the name of the environment variable that takes the URL: url_by = "env DATABASE_URL"',
            )
        self._runner = _words("runner", settings.runner)
        self._rollback = _words("rollback", settings.rollback) if settings.rollback else None

    @staticmethod
    def fits(settings: HistorySettings) -> bool:
        """A command is named."""
        return bool(settings.runner)

    @property
    def migrations(self) -> Sequence[Migration]:
        if self._settings.path is None:
            return ()
        files = (file for file in (self._settings.root / self._settings.path).rglob("*") if file.is_file())
        return tuple(Migration(file.stem, file.stem, file) for file in sorted(files))

    @property
    def version_tables(self) -> tuple[TableName, ...]:
        if self._settings.version_table:
            return (parse_table_name(self._settings.version_table),)
        return tuple(TableName(name) for name in KNOWN_VERSION_TABLES)

    def problems(self) -> tuple[Finding, ...]:
        """Nothing: what the files mean is the tool's own secret."""
        return ()

    def texts(self, migrations: Sequence[Migration], server: int) -> Iterator[MigrationText]:
        """The SQL files, each statement by itself: how the tool runs them isn't known, nor what other files send."""
        from migsafe.history.text import Runs, texts_of_files, unread

        for migration in migrations:
            if migration.up.suffix.lower() == ".sql":
                yield from texts_of_files((migration,), lambda *_: Runs.ONE_BY_ONE)
            else:
                yield unread(migration, "what it sends is known to its tool alone")

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        """Empty: what the rows of the version table mean is the tool's own secret."""
        return frozenset()

    def stamp(self, version: str | None) -> str:
        """Empty: it is the tool's own secret."""
        return ""

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        """Run the command: it applies everything that is pending, whatever ``target`` is."""
        del target
        return self._run(self._runner, address)

    def goes_back(self, target: Migration | None) -> bool:
        return self._rollback is not None

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        """Run the rollback command: what it takes back is the tool's own idea. Raises SettingsError without one."""
        del target
        if self._rollback is None:
            raise SettingsError(
                "[history] rollback is not set, so there is no command that would take a migration back",
                hint='Write, for example: rollback = "npx knex migrate:rollback"',
            )
        return self._run(self._rollback, address)

    def _run(self, words: Sequence[str], address: Address) -> Run:
        environment = tool_environment() | url_variables(self._variables, address, self._url(address))
        started = time.monotonic()
        with tempfile.TemporaryFile() as printed:  # a pipe would stay open as long as what the tool left running
            try:
                process = subprocess.Popen(
                    words,
                    cwd=self._settings.root,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise self._not_started(words[0], error) from error
            with _ended_at_exit(process):
                timed_out = not _ends_within(self._timeout, process)
            printed.seek(0)
            output = scrub(printed.read().decode(errors="replace"), address)
        seconds = time.monotonic() - started
        if process.returncode == 0:
            return Run(seconds, output)
        ending = f"ran longer than {self._timeout:g} s" if timed_out else _ending(process.returncode)
        last_lines = "\n".join(output.strip().splitlines()[-LINES_SHOWN:])
        message = f"{shlex.join(words)} {ending}" + (f":\n{last_lines}" if last_lines else " and printed nothing")
        return Run(seconds, output, Failure(message, location=Location(file=self._settings.path)))

    def _url(self, address: Address) -> str:
        driver = self._settings.driver
        return address.url(f"postgresql+{driver}" if driver else "postgresql")

    def _not_started(self, program: str, error: OSError) -> ClientToolMissing:
        missing = isinstance(error, FileNotFoundError) and self._settings.root.is_dir()
        return ClientToolMissing(
            f"{program} {'is not there' if missing else f'could not be started: {error.strerror}'}",
            where="[history] runner",
            hint=f"It is looked for on PATH and run in {self._settings.root}, without a shell. "
            "Install it, or name its full path.",
        )


def _words(key: str, line: str) -> list[str]:
    """A command line as words, as a shell would split it."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise SettingsError(f"[history] {key} can't be read as a command line: {error}") from error
    if not words:
        raise SettingsError(f"[history] {key} is empty")
    return words


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    named = {each.value: each.name for each in signal.Signals}
    return f"was ended by {named.get(-returncode, f'signal {-returncode}')}"


@contextlib.contextmanager
def _ended_at_exit(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens inside, Ctrl-C above all, neither the command nor anything that it started outlives it."""
    try:
        yield
    finally:
        _kill(process)
        process.wait()


def _ends_within(seconds: float, process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the command with all that it started, which may run on after the command itself has ended."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
