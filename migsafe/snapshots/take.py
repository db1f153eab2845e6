"""Take a snapshot: state and dump of one moment, complete on disk or not there at all."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from migsafe.differences.schema_file import write_schema
from migsafe.errors import CannotCheck
from migsafe.fingerprint_file import write_fingerprint
from migsafe.fingerprints import take_fingerprint
from migsafe.postgres.archive import dump_directory
from migsafe.postgres.databases import connect_to, server_version, without_timeouts
from migsafe.postgres.properties import read_properties
from migsafe.postgres.servers.runs import claimed
from migsafe.postgres.tables import lock_for_reading
from migsafe.postgres.trouble import explained
from migsafe.progress import Progress
from migsafe.rows.digest import ACROSS_TYPES
from migsafe.snapshots.manifest import DUMP, FINGERPRINT, MANIFEST, SCHEMA, File, Manifest, Snapshot, read, write
from migsafe.snapshots.store import PARTIAL, new_name

if TYPE_CHECKING:
    from migsafe.fingerprints import Fingerprint
    from migsafe.postgres.address import Address
    from migsafe.postgres.properties import Properties

ADVANCED = "it advanced while the snapshot was taken"

_ROLES = """
SELECT rolname::text FROM pg_catalog.pg_roles WHERE oid = 10
UNION
SELECT rolname::text FROM pg_catalog.pg_roles
JOIN pg_catalog.pg_shdepend ON refclassid = 'pg_catalog.pg_authid'::regclass AND refobjid = pg_roles.oid
WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
ORDER BY 1
"""
"""The first superuser is not listed as anybody's owner: PostgreSQL can't do without it anyway."""


_TABLES = """
SELECT nspname, relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
"""

_NOT_RESTORABLE = """
SELECT DISTINCT indexrelid::regclass::text FROM pg_catalog.pg_index
JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid AND relkind = 'I'
JOIN pg_catalog.pg_inherits ON inhparent = indexrelid
WHERE indisexclusion
ORDER BY 1
"""
"""Keys WITHOUT OVERLAPS and exclusion constraints of partitioned tables: PostgreSQL compares no such index with that of
a partition (``CompareIndexInfo``), so that it refuses to attach the one to the other, as its own dump says.
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """An exported snapshot, and the server's time just before it was made."""

    snapshot: str
    time: datetime


def take(
    address: Address,
    store: Path,
    *,
    jobs: int,
    privileges: bool = False,
    tag: str | None = None,
    properties: Properties | None = None,
    progress: Progress = lambda _: None,
) -> Snapshot:
    """Dump the database at ``address`` into a new directory of ``store``, with its state and a manifest.

    ``tag`` is the user's own name for it. ``properties`` are kept instead of the database's own, which the caller has
    changed for the time being.

    The database is only read. State and dump are of the same snapshot. Sequences belong to none: one that advanced
    meanwhile is named as not checked in the state. Raises :class:`CannotCheck`, :class:`ServerUnavailable` or
    :class:`OSError`; then nothing is left in the store.
    """
    _make(store)
    with connect_to(address) as holder, explained(address), _held_moment(holder) as moment:
        name = new_name(store, address.database, moment.time)
        with claimed(store / f"{PARTIAL}{name}") as partial:
            manifest = _fill(partial, address, moment, jobs=jobs, privileges=privileges, progress=progress)
            manifest = replace(manifest, name=name, tag=tag, properties=properties or manifest.properties)
            write(partial / MANIFEST, replace(manifest, files=_checksums(partial)).to_json())
            _flush(partial)
            partial.rename(store / name)
            _flush_directory(store)
    return read(store / name)


def _make(store: Path) -> None:
    try:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCheck(
            f"the directory for snapshots can't be made: {error.strerror}",
            where=str(store),
            hint="Name another one with --directory, or with 'directory' under [snapshots].",
        ) from error


def sessions(jobs: int) -> int:
    """How many sessions :func:`take` makes in the database: holder, reader, those that fingerprint, and pg_dump's."""
    return 2 + jobs + (1 if jobs == 1 else 1 + jobs)


def _fill(
    partial: Path, address: Address, moment: Moment, *, jobs: int, privileges: bool, progress: Progress
) -> Manifest:
    with connect_to(address) as reader:
        without_timeouts(reader)
        _require_restorable(reader, address)
        started = time.monotonic()
        progress("reading the state")
        positions = _positions(reader)
        fingerprint = take_fingerprint(
            address, algorithm=ACROSS_TYPES, workers=jobs, schema=True, snapshot=moment.snapshot, progress=progress
        )
        state_seconds = time.monotonic() - started
        progress("dumping")
        started = time.monotonic()
        version, number = server_version(reader)
        major = number // 10000
        pg_dump = dump_directory(
            address, major, partial / DUMP, snapshot=moment.snapshot, jobs=jobs, privileges=privileges
        )
        dump_seconds = time.monotonic() - started
        fingerprint = _without(fingerprint, positions.items() ^ _positions(reader).items())
        _write_state(partial, fingerprint)
        properties = read_properties(reader)
        assert properties is not None
        return Manifest(
            name="",
            taken=moment.time,
            server=version,
            major=major,
            address=f"{address.host}:{address.port}",
            database=address.database,
            database_size=_number(reader, "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())"),
            properties=properties,
            privileges=privileges,
            roles=tuple(role for (role,) in reader.execute(_ROLES)),
            pg_dump=pg_dump,
            dump_seconds=round(dump_seconds, 3),
            state_seconds=round(state_seconds, 3),
            tables=len(fingerprint.contents.tables),
            rows=fingerprint.contents.rows,
            files={},
        )


def _require_restorable(connection: psycopg.Connection, address: Address) -> None:
    names = [name for (name,) in connection.execute(_NOT_RESTORABLE)]
    if names:
        raise CannotCheck(
            f"a snapshot could not be restored: PostgreSQL can't bring back its own dump of {', '.join(names)}, which "
            "keeps rows of a partitioned table from overlapping",
            where=str(address),
            hint="Keep this database's state by other means, such as a base backup.",
        )


@contextmanager
def _held_moment(holder: psycopg.Connection) -> Iterator[Moment]:
    """Export a snapshot (manual, 9.27.5) and keep it until leaving; afterwards nobody can join it any more.

    The tables are locked before it is made: a TRUNCATE or a rewrite afterwards would empty them for it (manual, 13.6).
    """
    without_timeouts(holder)
    tables = [sql.Identifier(schema, name) for schema, name in holder.execute(_TABLES)]
    with holder.transaction():
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        lock_for_reading(holder, tables)
        row = holder.execute("SELECT pg_catalog.clock_timestamp(), pg_catalog.pg_export_snapshot()").fetchone()
        assert row is not None
        yield Moment(snapshot=row[1], time=row[0].astimezone(UTC))


def _positions(connection: psycopg.Connection) -> Mapping[str, int | None]:
    """Where the sequences stand now. They are outside of every transaction (manual, 9.17)."""
    rows = connection.execute(
        "SELECT pg_catalog.format('%I.%I', schemaname, sequencename), last_value FROM pg_catalog.pg_sequences"
    )
    return dict(rows.fetchall())


def _without(fingerprint: Fingerprint, moved: set[tuple[str, int | None]]) -> Fingerprint:
    names = {name for name, _ in moved}
    return replace(
        fingerprint,
        sequences=tuple(sequence for sequence in fingerprint.sequences if sequence.name not in names),
        not_checked={**fingerprint.not_checked, **dict.fromkeys(sorted(names), ADVANCED)},
    )


def _write_state(partial: Path, fingerprint: Fingerprint) -> None:
    """Schema and contents, each in a file of its own."""
    assert fingerprint.catalog
    (partial / SCHEMA).write_text(write_schema(fingerprint.catalog), encoding="utf-8")
    (partial / FINGERPRINT).write_text(write_fingerprint(replace(fingerprint, catalog=None)), encoding="utf-8")


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def _checksums(directory: Path) -> dict[str, File]:
    return {str(path.relative_to(directory)): checksum(path) for path in files_in(directory)}


def files_in(directory: Path) -> list[Path]:
    """Every file below a snapshot's directory but the manifest, in order."""
    return sorted(path for path in directory.rglob("*") if path.is_file() and path != directory / MANIFEST)


def checksum(path: Path) -> File:
    """Size and SHA-256 of a file, which is read once."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    return File(path.stat().st_size, digest.hexdigest())


def _flush(directory: Path) -> None:
    """Have every file on disk before the snapshot gets its name."""
    for path in (*files_in(directory), directory / MANIFEST):
        with path.open("rb") as content:
            os.fsync(content.fileno())
    for path in (directory / DUMP, directory):
        _flush_directory(path)


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
