"""The fingerprint of a database: its contents as digests, with all that is needed to compare them later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from migsafe.differences.reading import catalog_in_transaction
from migsafe.errors import CannotCheck
from migsafe.postgres.databases import server_version
from migsafe.postgres.snapshot_sessions import snapshot_sessions
from migsafe.postgres.trouble import explained
from migsafe.progress import Progress
from migsafe.rows.buckets import buckets_for
from migsafe.rows.contents import Contents, TableContents, added_up
from migsafe.rows.digest import NATIVE, PORTABLE, PROBE, Algorithm
from migsafe.rows.fingerprint import read_tables
from migsafe.rows.sequences import Sequence, read_sequences
from migsafe.rows.tables import Chooses, Found, everything, find_all
from migsafe.rows.work import pieces, share_out

if TYPE_CHECKING:
    import psycopg

    from migsafe.postgres.address import Address
    from migsafe.rows.digest import Table
    from migsafe.schema.catalog import Catalog

MOST_BUCKETS = 256
TABLES_PER_PIECE = 200


class Making(NamedTuple):
    """How digests were made. Those made in other ways say nothing about each other.

    ``probe`` is a hash of known values and ``encoding`` the database's, on both of which PostgreSQL's own hashes
    depend; both are none where nothing depends on them.
    """

    algorithm: str
    probe: int | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A database's contents, and its schema where it was asked for.

    ``partitions`` names the partitioned table by partition, also by one that could not be read. ``wholes`` are those
    partitioned tables, with partitions or without, that are in ``tables``: all of their partitions were read.
    """

    database: str
    server_version: str
    making: Making
    tables: Mapping[str, TableContents]
    partitions: Mapping[str, str] = field(default_factory=dict)
    sequences: tuple[Sequence, ...] = ()
    not_checked: Mapping[str, str] = field(default_factory=dict)
    wholes: frozenset[str] = frozenset()
    catalog: Catalog | None = None

    @property
    def contents(self) -> Contents:
        """As :func:`migsafe.rows.fingerprint.read_contents` gives it: partitioned tables have no rows of their own."""
        return Contents(
            tables={name: table for name, table in self.tables.items() if name not in self.wholes},
            sequences={sequence.name: sequence.position for sequence in self.sequences},
            not_checked=self.not_checked,
        )

    @property
    def found(self) -> Found[TableContents]:
        """The tables with their partitions, and what could not be read, to choose from."""
        return Found(self.tables, self.not_checked, self.partitions)

    @property
    def names(self) -> frozenset[str]:
        """Of all that was read, and of what could not be."""
        return self.found.names | {sequence.name for sequence in self.sequences}

    @property
    def behind(self) -> tuple[Sequence, ...]:
        """Sequences that are going to give a value that their column has already."""
        return tuple(sequence for sequence in self.sequences if sequence.behind)


def take_fingerprint(
    address: Address,
    *,
    algorithm: Algorithm = NATIVE,
    workers: int = 2,
    statement_timeout: str = "0",
    buckets: Mapping[str, int] | None = None,
    chooses: Chooses = everything,
    schema: bool = False,
    snapshot: str | None = None,
    progress: Progress = lambda _: None,
) -> Fingerprint:
    """Read a database in one snapshot, which ``workers`` sessions share; nothing is written.

    ``buckets`` says into how many parts a table is divided, by printed name; otherwise its size does. ``chooses`` tells
    whether a table or sequence is read at all. What can't be read is in ``not_checked``, with the reason.
    With ``schema`` the whole schema is read too. ``snapshot`` is one that another session exported.
    Locks: ACCESS SHARE, on the tables that are being read. Raises :class:`migsafe.errors.ServerUnavailable`.
    """
    with (
        explained(address),
        snapshot_sessions(address, workers, statement_timeout=statement_timeout, snapshot=snapshot) as sessions,
    ):
        progress(f"reading {address}")
        found = find_all(sessions[0]).chosen(chooses)
        not_checked = {**found.refused}
        leaves = {name: table for name, table in found.tables.items() if not table.partitioned}
        numbers = {name: (buckets or {}).get(name) or buckets_for(t.bytes, MOST_BUCKETS) for name, t in leaves.items()}

        def read(crew: tuple[psycopg.Connection, ...], tables: dict[str, Table]) -> dict[str, TableContents]:
            progress(f"reading {next(iter(tables))}")
            return dict(read_tables(crew[0], tables, not_checked, algorithm=algorithm, buckets=numbers))

        tables: dict[str, TableContents] = {}
        for part in share_out([(session,) for session in sessions], _pieces(leaves, numbers), read):
            tables |= part
        wholes = _wholes(found, tables)
        return Fingerprint(
            database=address.database,
            server_version=server_version(sessions[0])[0],
            making=making_of(sessions[0], algorithm),
            tables=dict(sorted((tables | wholes).items())),
            partitions={name: root for name, root in found.roots.items() if name in tables or name in not_checked},
            sequences=tuple(read_sequences(sessions[0], not_checked, chooses=chooses, columns=True)),
            not_checked=dict(sorted(not_checked.items())),
            wholes=frozenset(wholes),
            catalog=catalog_in_transaction(sessions[0]) if schema else None,
        )


def making_of(connection: psycopg.Connection, algorithm: Algorithm) -> Making:
    """How this server and database make digests."""
    if algorithm is PORTABLE:
        return Making(algorithm.name)
    row = connection.execute(PROBE.encode()).fetchone()
    assert row is not None
    return Making(algorithm.name, int(row[0]), connection.info.parameter_status("server_encoding"))


def require_same_making(old: Making, new: Making, where: str) -> None:
    """Raise :class:`CannotCheck` when digests made in these ways say nothing about each other."""
    if old == new:
        return
    differences = (
        f"{name} {_said(a)} and {_said(b)}"
        for name, a, b in zip(("algorithm", "probe", "encoding"), old, new, strict=True)
        if a != b
    )
    raise CannotCheck(
        f"the two fingerprints were made in ways that can't be compared: {', '.join(differences)}",
        where=where,
        hint="Take both in the same way: migsafe fingerprint URL --portable -o FILE gives the same on servers and in "
        "encodings of all kinds. What is live, or a snapshot, is read as a portable file was.",
    )


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _pieces(tables: Mapping[str, Table], numbers: Mapping[str, int]) -> Iterator[dict[str, Table]]:
    large = {name: table.bytes for name, table in tables.items() if numbers[name] > 1}
    for names in pieces(large, [name for name in tables if name not in large], TABLES_PER_PIECE):
        yield {name: tables[name] for name in names}


def _wholes(found: Found[Table], read: Mapping[str, TableContents]) -> dict[str, TableContents]:
    """The partitioned tables all of whose partitions were read, as the sums of these."""
    parts = defaultdict[str, list[TableContents | None]](list)
    for name, root in found.roots.items():
        parts[root].append(read.get(name))
    return {
        name: added_up([part for part in parts[name] if part], {each.name: each.number for each in table.columns})
        for name, table in found.tables.items()
        if table.partitioned and None not in parts[name]
    }
