"""A migration history as a value, whatever tool it was written for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, Protocol

from migsafe.findings import Finding, Location
from migsafe.postgres.names import TableName
from migsafe.setting import Setting

if TYPE_CHECKING:
    import psycopg

    from migsafe.history.text import MigrationText
    from migsafe.postgres.address import Address


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What the user says about the history; every field that is none or empty is found out by looking.

    ``root`` is the directory that relative paths are relative to: where the settings file is. ``kind`` is the name of
    one of :data:`migsafe.history.kinds.KINDS`. ``timeout`` (seconds) bounds each run of a tool that is another program.
    """

    root: Path
    kind: Annotated[
        str | None,
        Setting(
            "The tool that the migrations are written for (default: found out by looking).",
            allowed=("alembic", "flyway", "golang-migrate", "plain", "command"),
        ),
    ] = None
    path: Annotated[Path | None, Setting("The directory that holds the migrations.")] = None
    config: Annotated[Path | None, Setting("The alembic.ini.", kind="alembic")] = None
    python: Annotated[
        Path | None, Setting("The project's own Python interpreter, which has Alembic.", kind="alembic")
    ] = None
    url_by: Annotated[
        str | None,
        Setting('How the tool is told the database: "sqlalchemy.url", "-x NAME" or "env NAME" (Alembic, command).'),
    ] = None
    driver: Annotated[
        str | None, Setting("The SQLAlchemy driver to name in the URL, such as psycopg.", kind="alembic")
    ] = None
    runner: Annotated[
        str | None,
        Setting("The command line that applies all pending migrations, run without a shell.", kind="command"),
    ] = None
    rollback: Annotated[
        str | None, Setting("The command line that takes back the last migration, run without a shell.", kind="command")
    ] = None
    version_table: Annotated[
        str | None, Setting("The tool's own table, name or schema.name (default: the tool's default).")
    ] = None
    transaction: Annotated[
        str | None,
        Setting(
            "What commits at once: each statement by itself, as psql does it, or each file (but those named "
            ".autocommit.sql, and where Diesel's metadata.toml or a comment of sqlx, Atlas or postgres-migrations says "
            "so). By default each file where a migration is a folder, as with Diesel and Prisma, else each statement.",
            allowed=("statement", "file"),
            kind="plain",
        ),
    ] = None
    placeholders: Annotated[Mapping[str, str], Setting("Values for ${name} in the SQL files.", kind="flyway")] = field(
        default_factory=dict
    )
    timeout: float = 3600


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration of the history.

    ``version`` is what the version table knows it by. ``parents`` are the versions it must come after (Alembic's
    ``down_revision`` and ``depends_on``; the previous version elsewhere). ``up`` is the file that holds it; ``down``
    the file that takes it back, the same file where one file holds both, none where there is no way back.
    ``repeatable`` is Flyway's R: run again whenever its text changes.
    """

    version: str
    description: str
    up: Path
    down: Path | None = None
    parents: tuple[str, ...] = ()
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run of the migration tool failed.

    Where the server refused, ``sqlstate`` is set and ``message``, ``detail``, ``hint_of_server`` are the server's own.
    Otherwise ``message`` is what the tool said last. ``location`` is the place in the user's file, as exact as known.
    ``excerpt`` is the offending source line with a caret under the position that the server named.
    """

    message: str
    sqlstate: str | None = None
    detail: str | None = None
    hint_of_server: str | None = None
    context: str | None = None
    statement: str | None = None
    location: Location = Location()
    excerpt: str | None = None


class RunFailed(Exception):
    """Ends a run from within; the :class:`Run` that the caller gets has the failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def refuse(message: str, location: Location = Location(), excerpt: str | None = None) -> NoReturn:
    """End the run with what the tool itself would say, where no server is to blame."""
    raise RunFailed(Failure(message, location=location, excerpt=excerpt))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's files the statements come from that the tool sent in a span of (monotonic) time.

    Several that it sent as one have a location each, in order; one for all where they stand on the same line.
    """

    started: float
    ended: float
    locations: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the migration tool; it succeeded if ``failure`` is none. ``output`` is what the tool printed.

    ``places`` are in order of time, and empty for a tool that doesn't tell.
    """

    seconds: float
    output: str = ""
    failure: Failure | None = None
    places: tuple[Place, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.failure is None


class History(Protocol):
    """The user's migrations and the one way to run them.

    ``address`` is always a tap's: a runner never learns where the real server is. A run that fails is a value
    (:class:`Run`), not an exception; an exception means that the tool could not be run at all
    (:class:`migsafe.errors.ClientToolMissing`) or that the history is broken (:class:`migsafe.errors.HistoryError`).
    """

    kind: str
    """``alembic``, ``flyway``, ``golang-migrate``, ``plain`` or ``command``."""

    stepwise: bool
    """Whether the tool can stop after a given migration. If not, all pending migrations are one step."""

    @property
    def migrations(self) -> Sequence[Migration]:
        """All migrations in the order in which the tool would apply them to an empty database."""

    @property
    def version_tables(self) -> tuple[TableName, ...]:
        """The tables in which the tool keeps its books (they may not exist yet); empty for a tool that keeps none."""

    def problems(self) -> tuple[Finding, ...]:
        """What is wrong with the history itself: duplicates, gaps, several heads, missing or empty downs."""

    def texts(self, migrations: Sequence[Migration], server: int) -> Iterator[MigrationText]:
        """What the ups of these migrations, in order, would send to a server of this major version. Runs no SQL."""

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        """The versions that the version table says are applied; empty when there is no such table. Read only."""

    def stamp(self, version: str | None) -> str:
        """The command that books ``version`` (none: nothing) as where a database stands, and runs no migration.

        For people to read; empty where the tool has no such command.
        """

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        """Apply everything up to ``target`` (none: all there is) that is not applied yet, as the tool would do it.

        A stepwise tool that keeps no books (``version_tables`` is empty) can't know what is applied: it applies
        ``target`` alone, and the caller goes through the migrations one by one.
        """

    def goes_back(self, target: Migration | None) -> bool:
        """Whether there is a way back from ``target`` (none: from the last migration)."""

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        """Take back ``target`` (none: the last), and whatever was applied after it; it alone where no books are kept.

        A tool that isn't stepwise takes back what it takes for the last piece of work.
        """
