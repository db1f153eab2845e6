"""The way over: the schema by pg_dump, rows by COPY, all of it out of the target's one snapshot.

Indexes, keys, foreign keys and triggers come after the rows (pg_dump's section post-data), so that rows load fast, in
any order, and fire nothing. That they can be made at all proves that the rows fit together.

Rows travel as text: it isn't slower than the binary format, and arrays and composites carry oids in binary, which are
others in another database.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from migsafe.errors import BaselineError, CannotCheck
from migsafe.postgres import clients
from migsafe.postgres.dump import NEUTRAL, hint_about_clients
from migsafe.postgres.servers.runs import temporary_directory
from migsafe.rehearsal.masks import Masks
from migsafe.rehearsal.tables import SourceTable
from migsafe.rehearsal.target import refusals

if TYPE_CHECKING:
    from migsafe.postgres.server import Server
    from migsafe.progress import Progress
    from migsafe.rehearsal.likeness import Likeness
    from migsafe.rehearsal.target import Target

JOBS = "--jobs=2"
"""How many indexes and constraints are made at once."""

_BLOCK = 1 << 16
"""Bytes that are handed on in one piece: the server sends each row by itself."""

_ENTRY = re.compile(r"\d+; \d+ \d+ (?P<what>.*)")
"""A line of pg_restore --list: an object's kind, schema and name."""


class SchemaDump:
    """The target's schema in a file of pg_dump's, without what a throwaway server can't or must not have."""

    def __init__(self, target: Target, server: Server, likeness: Likeness, directory: Path) -> None:
        self._server = server
        self._likeness = likeness
        self._file = directory / "schema.dump"
        self._list = directory / "schema.list"
        self._options = () if likeness.roles_there else NEUTRAL
        program = clients.find("pg_dump", target.major)
        options = [
            "--format=custom",
            "--schema-only",
            f"--snapshot={target.snapshot}",
            f"--lock-wait-timeout={target.lock_timeout}s",
            "--no-subscriptions",
            "--no-security-labels",
            "--no-tablespaces",
        ]
        with self._file.open("wb") as output:
            clients.run(program.path, [*options, *self._options], target.address, stdout=output)
        with self._file.open("rb") as content:
            listed = server.client("pg_restore", ["--list"], likeness.database, stdin=content)
        # In the target's encoding, whichever that is: its bytes survive.
        lines = listed.decode("utf-8", "surrogateescape").split("\n")
        wanted = "\n".join(line for line in lines if self._is_wanted(line))
        self._list.write_bytes(wanted.encode("utf-8", "surrogateescape"))

    def _is_wanted(self, line: str) -> bool:
        entry = _ENTRY.match(line)
        if entry is None:
            return True
        if entry["what"].startswith("USER MAPPING "):  # with one, a migration could reach a server that is in use
            return False
        missing = self._likeness.missing
        unwanted = {*(f"EXTENSION - {name}" for name in missing), *(f"COMMENT - EXTENSION {name}" for name in missing)}
        return entry["what"].rstrip() not in unwanted

    def restore(self, section: str, database: str) -> None:
        """Bring over ``pre-data`` or ``post-data``. Raises :class:`BaselineError` with pg_restore's own words."""
        options = ["--exit-on-error", f"--section={section}", f"--use-list={self._list}", "--no-tablespaces", JOBS]
        try:
            arguments = [*options, *self._options, f"--dbname={database}", str(self._file)]
            self._server.client("pg_restore", arguments, database)
        except CannotCheck as error:
            if type(error) is not CannotCheck:
                raise
            missing = ", ".join(self._likeness.missing)
            extension = f"The throwaway server has no extension {missing}: use one that has it ([server] image)."
            hint = hint_about_clients(error.message) or (extension if missing else None)
            if "cannot attach index" in error.message:  # CompareIndexInfo() refuses every index that excludes
                hint = "PostgreSQL can't restore its own dump of a partitioned table with a key WITHOUT OVERLAPS."
            raise BaselineError(f"the target's schema can't be brought over: {error.message}", hint=hint) from error


@contextmanager
def schema_dump(target: Target, server: Server, likeness: Likeness) -> Iterator[SchemaDump]:
    """Dump the schema into a file that is gone afterwards. Locks: ACCESS SHARE, with the target's lock timeout."""
    with temporary_directory() as directory:
        yield SchemaDump(target, server, likeness, directory)


class RowCopier:
    """Streams rows from the target into a database, masked, and keeps nothing of them in memory."""

    def __init__(self, target: Target, into: psycopg.Connection, masks: Masks, progress: Progress) -> None:
        self.source = target.connection
        self.into = into
        self._address = target.address
        self.masks = masks
        self._progress = progress
        encoding = self.source.info.parameter_status("server_encoding")  # so that nothing is converted on the way
        self._encoding = sql.SQL("(ENCODING {})").format(sql.Literal(encoding))

    def count(self, table: SourceTable) -> int:
        """The rows of the table on the target."""
        self._progress(f"counting {table.printed}")
        with self._errors(table):
            return count(self.source, table)

    def copy(self, table: SourceTable, condition: sql.Composable | None = None) -> int:
        """Copy the rows for which ``condition`` holds (over the table as ``t``; none: all) and return how many.

        Raises :class:`BaselineError`, which names the table and, where a column of it is masked, no value.
        """
        self._progress(f"copying {table.printed}")
        query = self.masks.select(table)
        if condition is not None:
            query = sql.SQL("{} WHERE {}").format(query, condition)
        read = sql.SQL("COPY ({}) TO STDOUT {}").format(query, self._encoding)
        write = sql.SQL("COPY {} FROM STDIN {}").format(table.sink, self._encoding)
        with self._errors(table), self.source.cursor() as source, self.into.cursor() as sink:
            with source.copy(read) as rows, sink.copy(write) as copied:
                block = bytearray()
                for row in rows:
                    block += row
                    if len(block) > _BLOCK:
                        copied.write(block)
                        block = bytearray()
                copied.write(block)
            return sink.rowcount

    @contextmanager
    def _errors(self, table: SourceTable) -> Iterator[None]:
        try:
            with refusals(self._address):
                yield
        except BaselineError as error:
            cause = error.__cause__
            assert isinstance(cause, psycopg.Error)
            message = f"its rows can't be copied: {cause.diag.message_primary or cause}"
            hint = error.hint
            if self.masks.hides(table):
                if (cause.sqlstate or "")[:2] in ("22", "23"):
                    hint = "A mask must be of its column's type, and keep to its constraints: write an SQL expression."
                of = f" of {cause.diag.constraint_name}" if cause.diag.constraint_name else ""
                why = f"SQLSTATE {cause.sqlstate}{of}; it has masked columns, so no more is said"
                message = f"its rows can't be copied ({why})"
            raise BaselineError(message, where=table.printed, hint=hint) from (
                None if self.masks.hides(table) else cause
            )


def count(connection: psycopg.Connection, table: SourceTable) -> int:
    """The table's own rows, on whichever side."""
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table.source)).fetchone()
    assert row is not None
    return int(row[0])


def set_sequences(source: psycopg.Connection, into: psycopg.Connection) -> dict[str, str]:
    """Let every sequence stand where the target's stands; those that can't be read are returned with the reason."""
    unread = {}
    for name, schema, plain_name, readable in source.execute(_SEQUENCES).fetchall():
        sequence = sql.Identifier(schema, plain_name)
        if not readable:
            unread[f"sequence {name}"] = "the role may not read where it stands"
            continue
        position = source.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sequence)).fetchone()
        assert position is not None
        into.execute("SELECT pg_catalog.setval(%s::regclass, %s, %s)", (name, *position))
    return unread


_SEQUENCES = """
SELECT c.oid::regclass::text, n.nspname, c.relname, has_sequence_privilege(c.oid, 'SELECT')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = c.tableoid AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""

_MATERIALIZED_VIEWS = """
SELECT c.oid::regclass::text, n.nspname, c.relname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND c.relispopulated AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY c.oid
"""


def populated_views(source: psycopg.Connection) -> list[tuple[str, sql.Identifier]]:
    """The materialized views that hold rows, the older first, with their printed names."""
    rows = source.execute(_MATERIALIZED_VIEWS).fetchall()
    return [(name, sql.Identifier(schema, plain_name)) for name, schema, plain_name in rows]


def refresh(into: psycopg.Connection, views: Sequence[tuple[str, sql.Identifier]]) -> dict[str, str]:
    """Fill materialized views from the rows that are here; those that can't be filled are returned with the reason.

    One that reads another waits for it: what fails is tried again as long as any other succeeds.
    """
    failed: dict[str, str] = {}
    waiting: Collection[tuple[str, sql.Identifier]] = views
    while waiting:
        failed = {}
        for name, view in waiting:
            try:
                into.execute(sql.SQL("REFRESH MATERIALIZED VIEW {}").format(view))
            except psycopg.Error as error:
                failed[name] = f"not filled: {error.diag.message_primary}"
        again = [(name, view) for name, view in waiting if name in failed]
        if len(again) == len(waiting):
            break
        waiting = again
    return failed
