"""A folder of SQL files, each run as ``psql -v ON_ERROR_STOP=1 -f FILE`` would run it, or with ``-1`` besides."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import HistoryError
from migsafe.findings import Finding
from migsafe.history.files import migrations_directory, natural_key, read_script, usual_directories
from migsafe.history.model import HistorySettings, Migration, Run
from migsafe.history.problems import duplicate_version, empty_files, loose_files, missing_downs
from migsafe.sql.split import MetaCommand, SourceStatement, split_script

if TYPE_CHECKING:
    import psycopg

    from migsafe.history.files import Script
    from migsafe.history.session import Output, Session
    from migsafe.history.text import MigrationText
    from migsafe.postgres.address import Address
    from migsafe.postgres.names import TableName

_FILE_NAME = re.compile(
    r"(?P<name>.+?)"
    r"(?:\.(?P<dialect>postgres|postgresql|pg|cockroach|mysql|mariadb|sqlite3?|mssql|sqlserver|oracle))?"
    r"(?P<autocommit>\.autocommit)?"
    r"(?:\.(?P<direction>up|down))?"
    r"\.sql",
    re.IGNORECASE | re.DOTALL,
)
_OUR_DIALECTS = ("postgres", "postgresql", "pg")
_SECTION = re.compile(
    r"^--\s*(?:(migrate:)(?:up|down)|(\+goose)\s+Up|(\+migrate)\s+Up)\b", re.IGNORECASE | re.MULTILINE
)
_SECTION_RUNNERS = {
    "migrate:": ("dbmate", "dbmate --no-dump-schema up"),
    "+goose": ("goose", "goose up"),
    "+migrate": ("sql-migrate", "sql-migrate up"),
}
_NO_TRANSACTION = re.compile(
    r"^--[ \t]*(?:no-transaction|postgres-migrations[ \t]+disable-transaction|atlas:txmode[ \t]+none)\b", re.MULTILINE
)
"""How sqlx, postgres-migrations and Atlas are told that a file is no transaction."""
_HARMLESS_COMMANDS = frozenset(
    ("echo", "qecho", "warn", "restrict", "unrestrict", "timing", "pset", "x", "a", "t", "H", "f", "C", "encoding")
)
_HARMLESS_VARIABLES = frozenset(("ON_ERROR_STOP", "QUIET", "ECHO", "ECHO_HIDDEN", "VERBOSITY", "SHOW_CONTEXT"))


class PlainHistory:
    """The SQL files of a folder in natural order (``2_x`` before ``10_x``, and a time with dashes as one without).

    Ways to write a way back: ``x.up.sql`` with ``x.down.sql``, ``x.sql`` with ``x.down.sql``, the folders ``up`` and
    ``down`` with files of the same names, or a folder for each migration with ``up.sql`` and ``down.sql``, as Diesel
    has it, or ``migration.sql``, as Prisma has it. Names with a dialect, as pop writes them (``x.postgres.up.sql``,
    ``x.mysql.up.sql``): a file for PostgreSQL goes before one for all, and other dialects are passed over. Where a
    file is one transaction, those named ``x.autocommit.up.sql`` are none, nor those that say so in a comment
    (``-- no-transaction`` of sqlx and its kin) or in Diesel's ``metadata.toml`` beside them.

    psql keeps no books, so ``version_tables`` is empty and ``applied`` knows nothing: ``upgrade`` runs its target
    alone, and so does ``downgrade``; whoever calls goes through the files one by one.
    """

    kind = "plain"
    stepwise = True

    def __init__(self, settings: HistorySettings) -> None:
        self._directory = migrations_directory(settings)
        self._transaction = settings.transaction

    @staticmethod
    def fits(settings: HistorySettings) -> str | None:
        """What tells that the settings' directory, or one of the usual places, is such a folder."""
        for directory in usual_directories(settings):
            found = next((name for name, _ in _sql_files(directory)), None)
            if found:
                return f"SQL files in {directory}"
        return None

    @cached_property
    def migrations(self) -> Sequence[Migration]:
        return tuple(self._found.migrations)

    @property
    def version_tables(self) -> tuple[TableName, ...]:
        return ()

    def problems(self) -> tuple[Finding, ...]:
        """Duplicates, missing and empty downs, empty files, files that are taken for no migration.

        Reads every file, and raises :class:`HistoryError` at the first that psql would not run as plain SQL.
        """
        return (
            *self._found.duplicates,
            *loose_files(self._found.loose),
            *missing_downs(self.migrations),
            *empty_files(self.migrations, lambda file: not _statements(read_script(file))),
        )

    def texts(self, migrations: Sequence[Migration], server: int) -> Iterator[MigrationText]:
        from migsafe.history.text import Runs, texts_of_files

        def runs(script: Script, _: Migration) -> Runs:
            return Runs.TOGETHER if self._single_transaction and not _is_autocommit(script) else Runs.ONE_BY_ONE

        yield from texts_of_files(migrations, runs)

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        return frozenset()

    def stamp(self, version: str | None) -> str:
        """Empty: psql keeps no books."""
        return ""

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        """Run the file of ``target``, or every file when there is none, each on a connection of its own."""
        files = [migration.up for migration in ((target,) if target else self.migrations)]
        return _run_files(address, files, single_transaction=self._single_transaction)

    def goes_back(self, target: Migration | None) -> bool:
        return (target or self.migrations[-1]).down is not None

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        """Run the file that takes ``target`` back. Raises :class:`HistoryError` when it has none."""
        target = target or self.migrations[-1]
        if target.down is None:
            raise HistoryError("has no down migration", where=str(target.up))
        return _run_files(address, [target.down], single_transaction=self._single_transaction)

    @cached_property
    def _single_transaction(self) -> bool:
        """Whether a file is one transaction: as the settings say, or as the tools do it that make folders."""
        return (self._transaction or ("file" if self._found.folders else "statement")) == "file"

    @cached_property
    def _found(self) -> _Found:
        chosen: dict[tuple[str, str], Path] = {}
        rank: dict[tuple[str, str], bool] = {}
        duplicates = []
        files = list(_sql_files(self._directory))
        folders = any(_is_in_folder_of_its_own(file, self._directory) for _, file in files)
        loose = [file for _, file in files if folders and _is_loose(file, self._directory)]
        for name, file in files:
            parsed = _parse(name)
            if parsed is None or file in loose:
                continue
            key = parsed.name, parsed.direction
            if key in chosen and rank[key] == parsed.specific:
                duplicates.append(duplicate_version(parsed.name, chosen[key], file))
            elif key not in chosen or parsed.specific:
                chosen[key], rank[key] = file, parsed.specific
        return _Found(_migrations(chosen), duplicates, loose, folders)


@dataclass(frozen=True, slots=True)
class _Found:
    migrations: list[Migration]
    duplicates: list[Finding]
    loose: list[Path]
    folders: bool


@dataclass(frozen=True, slots=True)
class _Name:
    name: str
    direction: str
    specific: bool


def _parse(name: str) -> _Name | None:
    """What the file's name says; none for another dialect's."""
    found = _FILE_NAME.fullmatch(name)
    if found is None:
        return None
    dialect = (found["dialect"] or "").lower()
    if dialect and dialect not in _OUR_DIALECTS:
        return None
    return _Name(found["name"], (found["direction"] or "up").lower(), bool(dialect))


def _sql_files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Every SQL file with the name it goes by: ``up/x.sql`` is ``x.up.sql``, and so is ``x/up.sql``."""
    with os.scandir(directory) as entries:
        found = sorted(entries, key=lambda entry: natural_key(entry.name))
    for entry in found:
        if not entry.is_file(follow_symlinks=False) and Path(entry.path).is_dir():  # no for a link to itself
            yield from _files_below(Path(entry.path))
        elif entry.name.lower().endswith(".sql"):
            yield entry.name, Path(entry.path)


def _is_in_folder_of_its_own(file: Path, directory: Path) -> bool:
    return file.parent != directory and file.name.lower() in ("up.sql", "migration.sql")


def _is_loose(file: Path, directory: Path) -> bool:
    """Whether a file beside folders with a migration each has no number: notes or data, and no migration."""
    return file.parent == directory and not file.name[0].isdigit()


def _files_below(directory: Path) -> Iterator[tuple[str, Path]]:
    direction = directory.name.lower()
    if direction in ("up", "down"):
        for file in sorted(directory.glob("*.sql")):
            yield f"{file.name.removesuffix('.sql')}.{direction}.sql", file
    else:
        for name, stands_for in (("up.sql", "up.sql"), ("down.sql", "down.sql"), ("migration.sql", "up.sql")):
            if (directory / name).is_file():
                yield f"{directory.name}.{stands_for}", directory / name


def _migrations(files: dict[tuple[str, str], Path]) -> list[Migration]:
    names = sorted({name for name, direction in files if direction == "up"}, key=_place)
    previous = (None, *names)
    return [
        Migration(
            version=name,
            description=re.sub(r"^[0-9][0-9-]*[_.-]*", "", name).replace("_", " ") or name,
            up=files[name, "up"],
            down=files.get((name, "down")),
            parents=(parent,) if parent else (),
        )
        for name, parent in zip(names, previous, strict=False)
    ]


_TIME_WITH_DASHES = re.compile(r"(\d{4})-(\d{2})-(\d{2})-(\d{6})(?=[-_])")


def _place(name: str) -> tuple[str | int, ...]:
    """A sort key. Diesel began to write 20140924113530 as 2014-09-24-113530 midway, and counts both as one number."""
    return natural_key(_TIME_WITH_DASHES.sub(r"\1\2\3\4", name, count=1))


def _run_files(address: Address, files: Sequence[Path], *, single_transaction: bool) -> Run:
    from migsafe.history import session

    scripts = [read_script(file) for file in files]
    statements = [_statements(script) for script in scripts]

    def work(output: Output) -> None:
        for script, sequence in zip(scripts, statements, strict=True):
            with output.connect() as connection, _transaction(connection, script, wanted=single_transaction):
                for statement in sequence:
                    connection.run_statement(script, statement)

    return session.run(address, work)


@contextmanager
def _transaction(connection: Session, script: Script, *, wanted: bool) -> Iterator[None]:
    """BEGIN and COMMIT around a file, unless its name says otherwise; what fails is rolled back with the connection."""
    around = wanted and not _is_autocommit(script)
    if around:
        connection.query("BEGIN")
    yield
    if around:
        connection.query("COMMIT")


def _is_autocommit(script: Script) -> bool:
    name = _FILE_NAME.fullmatch(script.file.name)
    marked = (name and name["autocommit"]) or _NO_TRANSACTION.search(script.text)
    return bool(marked) or _diesel_says_so(script.file.parent / "metadata.toml")


def _diesel_says_so(file: Path) -> bool:
    """Whether ``run_in_transaction = false`` stands there. Raises :class:`HistoryError` where the file is damaged."""
    if not file.is_file():
        return False
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise HistoryError(
            f"can't be read: {error}", where=str(file), hint="Diesel reads it too: mend it, or take it away."
        ) from error
    return said.get("run_in_transaction") is False


def _statements(script: Script) -> list[SourceStatement]:
    """What psql would send. Raises :class:`HistoryError` for what only psql, or another tool, can do."""
    section = _SECTION.search(script.text)
    if section:
        tool, runner = _SECTION_RUNNERS[next(mark for mark in section.groups() if mark).lower()]
        line = script.location(section.start()).line
        raise HistoryError(
            f"this file is written for {tool}: its sections are not plain SQL",
            where=f"{script.file}:{line}",
            hint=f'Set [history] kind = "command" and runner = "{runner}".',
        )
    statements = []
    for piece in split_script(script.text):
        if isinstance(piece, SourceStatement):
            statements.append(piece)
        elif not _is_harmless(piece):
            raise HistoryError(
                f"the psql command \\{piece.name} can't be run without psql",
                where=f"{script.file}:{piece.line}",
                hint='Write it in SQL, or set [history] kind = "command" and a runner that calls psql.',
            )
    return statements


def _is_harmless(command: MetaCommand) -> bool:
    """Whether the statements that psql sends are the same without the command."""
    if command.name != "set":
        return command.name in _HARMLESS_COMMANDS
    words = command.text.split()
    off = words[-1].lower() in ("off", "0", "false", "no")
    return len(words) > 1 and words[1] in _HARMLESS_VARIABLES and not (words[1] == "ON_ERROR_STOP" and off)
