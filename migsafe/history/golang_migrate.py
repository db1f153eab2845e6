"""Histories written for golang-migrate (github.com/golang-migrate/migrate, version 4), run as it runs them.

Read off its ``migrate.go``, ``source/parse.go`` and ``database/postgres/postgres.go``: a file is sent whole, as one
simple Query; before it the version is booked as dirty and after it as clean, each in a transaction of its own that
truncates ``schema_migrations``; all of it under a session's advisory lock. ``x-multi-statement`` is off.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import HistoryError
from migsafe.findings import Finding
from migsafe.history.files import Script, migrations_directory, read_script, usual_directories
from migsafe.history.model import HistorySettings, Migration, Run, refuse
from migsafe.history.problems import duplicate_version, empty_files, missing_downs, missing_versions
from migsafe.postgres.names import TableName, parse_table_name
from migsafe.sql.split import split

if TYPE_CHECKING:
    import psycopg
    from psycopg.sql import Identifier

    from migsafe.history.session import Output, Session
    from migsafe.history.text import MigrationText
    from migsafe.postgres.address import Address

_FILE_NAME = re.compile(r"([0-9]+)_(.*)\.(down|up)\.(.*)", re.DOTALL)
_GO = ".go"
_LARGEST_VERSION = 2**63 - 1
_LOCK_SALT = 1486364155
_NO_VERSION = -1


class GolangMigrateHistory:
    """``{version}_{title}.up.sql`` and ``.down.sql`` in one directory, and the table ``schema_migrations``.

    A version may have an up, a down or both; what is missing is booked all the same and runs nothing. The table holds
    one row: every version up to it counts as applied, whenever its file came.
    """

    kind = "golang-migrate"
    stepwise = True

    def __init__(self, settings: HistorySettings) -> None:
        self._directory = migrations_directory(settings)
        self._table = parse_table_name(settings.version_table or "schema_migrations")

    @staticmethod
    def fits(settings: HistorySettings) -> str | None:
        """The first file of the settings' directory, or of the usual places, that is named so."""
        for directory in usual_directories(settings):
            names = _read_directory(directory)
            if names and max(name.version for name in names) <= _LARGEST_VERSION and not _is_for_dialects(names):
                return f"{names[0].file.name} in {directory}"
        return None

    @cached_property
    def migrations(self) -> Sequence[Migration]:
        versions = sorted(self._files.versions)
        return tuple(
            Migration(
                version=str(version),
                description=self._files.versions[version].title.replace("_", " "),
                up=self._files.versions[version].up or self._files.versions[version].any_file,
                down=self._files.versions[version].down,
                parents=(str(previous),) if previous is not None else (),
            )
            for version, previous in zip(versions, (None, *versions), strict=False)
        )

    @property
    def version_tables(self) -> tuple[TableName, ...]:
        return (self._table,)

    def problems(self) -> tuple[Finding, ...]:
        """Duplicates (golang-migrate refuses to start), gaps, missing and empty downs, empty migrations."""
        return (
            *(duplicate_version(str(name.version), first, name.file) for name, first in self._files.duplicates),
            *missing_versions(self.migrations, lambda migration: int(migration.version)),
            *missing_downs(self.migrations),
            *empty_files(self.migrations, lambda file: file.suffix != _GO and not split(_read(file).text)),
        )

    def texts(self, migrations: Sequence[Migration], server: int) -> Iterator[MigrationText]:
        from migsafe.history.text import Runs, texts_of_files

        ups = [each for each in migrations if each.up == self._files.versions[int(each.version)].up]
        yield from texts_of_files(ups, lambda *_: Runs.AS_ONE_QUERY, _read)

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        """Every version up to the one in the table; without it when it is dirty, since nobody knows how far it got."""
        from migsafe.history.session import Session
        from migsafe.postgres.tables import find_tables

        found = find_tables(connection, self.version_tables)
        if not found:
            return frozenset()
        version, dirty = _version(Session(connection), _identifier(found[0]))
        known = {int(migration.version) for migration in self.migrations} | {version}
        return frozenset(str(one) for one in known if 0 <= one < version or (one == version >= 0 and not dirty))

    def stamp(self, version: str | None) -> str:
        return f"migrate force {version or _NO_VERSION}"

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        """``migrate up``, or ``migrate goto`` the target's version if the database stands below it."""
        limit = int(target.version) if target else max(self._files.versions, default=_NO_VERSION)

        def up(books: _Books, current: int) -> None:
            for version in sorted(self._files.versions):
                if current < version <= limit:
                    books.apply(version, version, self._files.versions[version].up)

        return self._run(address, up)

    def goes_back(self, target: Migration | None) -> bool:
        return (target or self.migrations[-1]).down is not None

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        """Down migrations one by one, from where the database stands to the version before the target."""

        lowest = int((target or self.migrations[-1]).version)

        def down(books: _Books, current: int) -> None:
            versions = sorted(self._files.versions)
            for previous, version in reversed(list(zip((_NO_VERSION, *versions), versions, strict=False))):
                if lowest <= version <= current:
                    books.apply(version, previous, self._files.versions[version].down)

        return self._run(address, down)

    def _run(self, address: Address, steps: Callable[[_Books, int], None]) -> Run:
        from migsafe.history import session

        def work(output: Output) -> None:
            if self._files.duplicates:
                refuse(f"duplicate migration file: {self._files.duplicates[0][0].file.name}")
            with output.connect() as connection:
                books = _open_books(connection, self._table, output, address.database)
                with books.locked():
                    current, dirty = _version(connection, books.table)
                    if dirty:
                        refuse(f"Dirty database version {current}. Fix and force version.")
                    if current >= 0 and current not in self._files.versions:
                        refuse(f"no migration found for version {current}: file does not exist")
                    steps(books, current)

        return session.run(address, work)

    @cached_property
    def _files(self) -> _Files:
        return _collect(_read_directory(self._directory))


@dataclass(frozen=True, slots=True)
class _Name:
    version: int
    title: str
    direction: str
    file: Path


@dataclass(slots=True)
class _Version:
    """The files of one version."""

    title: str
    any_file: Path
    up: Path | None = None
    down: Path | None = None


@dataclass(frozen=True, slots=True)
class _Files:
    """The versions of a directory, and each file that claims a version and direction already taken by another."""

    versions: dict[int, _Version]
    duplicates: list[tuple[_Name, Path]]


def _read_directory(directory: Path) -> list[_Name]:
    with os.scandir(directory) as entries:
        names = sorted(entry.name for entry in entries if not Path(entry.path).is_dir())
    found = ((name, _FILE_NAME.fullmatch(name)) for name in names)
    return [_Name(int(match[1]), match[2], match[3], directory / name) for name, match in found if match]


def _read(file: Path) -> Script:
    """Read a file as :func:`read_script` does; raises :class:`HistoryError` besides for a program in Go."""
    if file.suffix == _GO:
        raise HistoryError(
            "is written in Go, and golang-migrate would send it to the server as SQL",
            where=str(file),
            hint="Write it in SQL, or keep it in another directory. If a program of your own runs it, name that "
            'program: kind = "command" and runner = "…" under [history].',
        )
    return read_script(file)


def _is_for_dialects(names: Sequence[_Name]) -> bool:
    """Whether a version has files for several databases, as pop writes them: golang-migrate would refuse them."""
    return len({(name.version, name.direction) for name in names}) < len(names) and any(
        name.title.endswith((".postgres", ".mysql", ".sqlite3", ".cockroach")) for name in names
    )


def _collect(names: Sequence[_Name]) -> _Files:
    versions: dict[int, _Version] = {}
    duplicates = []
    for name in names:
        version = versions.setdefault(name.version, _Version(name.title, name.file))
        taken: Path | None = getattr(version, name.direction)
        if taken:
            duplicates.append((name, taken))
        else:
            setattr(version, name.direction, name.file)
    return _Files(versions, duplicates)


@dataclass(frozen=True, slots=True)
class _Books:
    """The version table on one connection, and its lock."""

    connection: Session
    table: Identifier
    lock: str
    output: Output

    @contextmanager
    def locked(self) -> Iterator[None]:
        import psycopg

        self.connection.query("SELECT pg_advisory_lock(%s::bigint)", (self.lock,))
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # in a failed transaction or on a lost connection; closing frees it as well
                self.connection.query("SELECT pg_advisory_unlock(%s::bigint)", (self.lock,))
            raise
        self.connection.query("SELECT pg_advisory_unlock(%s::bigint)", (self.lock,))

    def apply(self, version: int, standing: int, file: Path | None) -> None:
        """Run one file (none: nothing to run) and book that the database stands at ``standing`` then."""
        script = _read(file) if file else None
        self._set_version(standing, dirty=True)
        if script and script.text.strip():
            self.connection.run_whole(script)
        self._set_version(standing, dirty=False)
        self.output.say(f"{version}/{'u' if standing == version else 'd'} {file.name if file else '<empty>'}")

    def _set_version(self, version: int, *, dirty: bool) -> None:
        from psycopg.sql import SQL

        self.connection.query("BEGIN")
        self.connection.query(SQL("TRUNCATE {}").format(self.table))
        if version >= 0 or dirty:
            self.connection.query(
                SQL("INSERT INTO {} (version, dirty) VALUES (%s, %s)").format(self.table), (version, dirty)
            )
        self.connection.query("COMMIT")


def _open_books(connection: Session, table: TableName, output: Output, database: str) -> _Books:
    """Make the version table if it isn't there, under the lock."""
    from psycopg.sql import SQL

    schema = table.schema or connection.query("SELECT current_schema()")[0][0]
    if schema is None:
        refuse("no schema")
    placed = TableName(table.name, schema)
    lock = lock_id(f"/{database}", schema, table.name)  # its name for the database is the URL's path
    books = _Books(connection, _identifier(placed), lock, output)
    with books.locked():
        there = connection.query(
            "SELECT count(1) FROM information_schema.tables WHERE table_schema = %s AND table_name = %s LIMIT 1",
            (schema, table.name),
        )
        if there[0][0] != 1:
            connection.query(
                SQL(
                    "CREATE TABLE IF NOT EXISTS {} (version bigint not null primary key, dirty boolean not null)"
                ).format(books.table)
            )
    return books


def _identifier(table: TableName) -> Identifier:
    from psycopg.sql import Identifier

    return Identifier(*filter(None, (table.schema, table.name)))


def _version(connection: Session, table: Identifier) -> tuple[int, bool]:
    """The one row of the version table: where the database stands and whether it is dirty."""
    from psycopg.sql import SQL

    rows = connection.query(SQL("SELECT version, dirty FROM {} LIMIT 1").format(table))
    return (rows[0][0], rows[0][1]) if rows else (_NO_VERSION, False)


def lock_id(database: str, *names: str) -> str:
    """``GenerateAdvisoryLockId`` of golang-migrate's ``database/util.go``."""
    return str(zlib.crc32("\0".join((*names, database)).encode()) * _LOCK_SALT % 2**32)
