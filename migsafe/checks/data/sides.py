"""Where the data check finds the database before a migration and the one after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from migsafe.errors import CannotCheck
from migsafe.postgres import databases
from migsafe.postgres.catalogs import contents_query
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.lineage import Relation, read_relations
from migsafe.rows.matching import Sides

if TYPE_CHECKING:
    import psycopg

    from migsafe.rows.contents import Contents
    from migsafe.sandbox import Sandbox


class OldRowsMissing(CannotCheck):
    """The old rows can't be had: no throwaway server, say. What depends on them is not checked, all else is."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One that deletes or changes rows by itself."""

    name: str
    table: int
    referenced: int
    columns: tuple[int, ...]
    action: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What a database is made of before a migration, by oid and number."""

    relations: tuple[Relation, ...]
    foreign_keys: tuple[ForeignKey, ...]


def read_origin(connection: psycopg.Connection, tables: Collection[str]) -> Origin:
    """The tables with these printed names and all partitioned ones; the connection must be idle."""
    with consistent_reading(connection):
        relations = read_relations(connection, tables)
        keys = connection.execute(contents_query("foreign_keys").encode()).fetchall()
    return Origin(
        relations,
        tuple(
            ForeignKey(name, table, referenced, tuple(columns), action)
            for name, table, referenced, columns, action in keys
        ),
    )


class Migrated(Protocol):
    """A database that a migration was applied to, and how it was before.

    ``before`` and ``after`` are what it held. The contexts may be entered one after the other, never two at once.
    """

    before: Contents
    after: Contents
    origin: Origin

    def read(self) -> AbstractContextManager[psycopg.Connection]:
        """The database as it is now, for reading."""

    def rows(self, tables: Collection[str]) -> AbstractContextManager[Sides]:
        """Both sides, the old one with the rows of these tables. Raises :class:`OldRowsMissing`."""

    def elsewhere(self, zone: str) -> AbstractContextManager[psycopg.Connection | None]:
        """A database that was migrated in another time zone, none if the migration fails there. Raises likewise."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A database of the sandbox, and what it holds."""

    database: str
    contents: Contents


class Clones:
    """Both sides as databases of the sandbox, the second a clone of the first that something was done to.

    ``again`` does the same to another clone and returns whether it succeeded.
    """

    def __init__(self, sandbox: Sandbox, before: Kept, after: Kept, again: Callable[[str], bool]) -> None:
        self._sandbox = sandbox
        self._before = before.database
        self._after = after.database
        self._again = again
        self.before = before.contents
        self.after = after.contents
        with sandbox.connect(before.database) as connection:
            self.origin = read_origin(connection, self.before.tables.keys())

    def read(self) -> AbstractContextManager[psycopg.Connection]:
        return self._sandbox.connect(self._after)

    @contextmanager
    def rows(self, tables: Collection[str]) -> Iterator[Sides]:  # noqa: ARG002  a clone has the rows of all of them
        with (
            self._sandbox.scratch("data", template=self._after) as database,
            self._sandbox.connect(self._before) as before,
            self._sandbox.connect(database) as scratch,
        ):
            yield Sides(before, scratch, scratch)

    @contextmanager
    def elsewhere(self, zone: str) -> Iterator[psycopg.Connection | None]:
        sandbox = self._sandbox
        with sandbox.scratch("elsewhere", template=self._before) as database:
            databases.set_parameter(sandbox.server, database, "TimeZone", zone)
            if not self._again(database):
                yield None
                return
            with sandbox.connect(database) as connection:
                yield connection
