"""The tables that can be given rows, and what binds their rows: columns, keys, references, sequences, triggers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.populate.queries import KEYS, REFERENCES, TABLES, TRIGGERS
from migsafe.postgres.catalogs import user_schemas
from migsafe.postgres.names import TableName
from migsafe.sql.limits import LONGEST_NAME

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``type`` is as SQL writes it, ``base`` what is below its domains, of the category ``category``.

    ``modifier`` is the type's modifier, its domains' included (-1: none). ``sources`` are the columns that a generated
    one is computed from. ``bound`` says that a CHECK or the partition key restricts its values. ``sequence`` is the one
    that numbers it, as SQL writes it.
    """

    name: str
    type: str
    base: str
    category: str
    kind: str
    modifier: int
    not_null: bool
    generated: bool
    identity: bool
    domain: bool
    default: str | None
    sources: tuple[str, ...]
    labels: tuple[str, ...]
    bound: bool
    sequence: str | None

    @property
    def length(self) -> int | None:
        """How many characters a value may have; none: as many as one likes."""
        if self.base in ("character varying", "character", "bit", "bit varying"):
            header = 0 if self.base.startswith("bit") else 4
            return self.modifier - header if self.modifier >= 0 else 1 if self.base == "bit" else None
        return LONGEST_NAME if self.base == "name" else None

    @property
    def digits(self) -> tuple[int, int] | None:
        """The digits before and behind the point, of a numeric that has a modifier (``make_numeric_typmod``)."""
        if self.base != "numeric" or self.modifier < 4:
            return None
        precision, scale = (self.modifier - 4) >> 16 & 0xFFFF, (((self.modifier - 4) & 0x7FF) ^ 1024) - 1024
        return precision - scale, scale


@dataclass(frozen=True, slots=True)
class Key:
    """What may not be there twice: the columns of a unique index, or those that an exclusion constraint compares by =.

    ``rechecked`` says that it is deferrable, so that a trigger checks it, which is not fired in replica mode.
    """

    name: str
    columns: tuple[str, ...]
    rechecked: bool


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table, or a partitioned one with all its partitions. ``printed`` is its name as PostgreSQL prints it, with the
    schema only where the search path doesn't lead there; ``qualified`` has it always.

    ``triggers`` fire on INSERT; ``always`` are those of them that fire in replica mode too.
    """

    oid: int
    qualified: str
    printed: str
    schema: str
    name: str
    partitioned: bool
    columns: tuple[Column, ...]
    keys: tuple[Key, ...]
    triggers: tuple[str, ...]
    always: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    @property
    def source(self) -> sql.Composable:
        """What stands after FROM to read the table's own rows: those of children are read by themselves."""
        return self.identifier if self.partitioned else sql.SQL("ONLY {}").format(self.identifier)

    @property
    def written(self) -> tuple[Column, ...]:
        """The columns that an INSERT may name."""
        return tuple(column for column in self.columns if not column.generated)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def __str__(self) -> str:
        return self.printed


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: ``columns`` of ``child`` name ``keys`` of ``parent``."""

    child: Table
    columns: tuple[str, ...]
    parent: Table
    keys: tuple[str, ...]


def find_tables(connection: psycopg.Connection, ignore: Collection[TableName] = ()) -> tuple[Table, ...]:
    """The user's tables, each partitioned one once, without ``ignore`` and what belongs to an extension. Three queries.

    Locks: ACCESS SHARE on system catalogs.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        keys: dict[int, list[Key]] = {}
        for oid, name, columns, rechecked in cursor.execute(KEYS):
            keys.setdefault(oid, []).append(Key(name, tuple(columns or ()), rechecked))
        triggers = {oid: (tuple(names), tuple(always)) for oid, names, always in cursor.execute(TRIGGERS)}
        rows = cursor.execute((user_schemas() + TABLES).encode()).fetchall()
    return tuple(
        Table(
            oid,
            qualified,
            printed,
            schema,
            name,
            partitioned,
            tuple(map(_column, columns)),
            tuple(keys.get(oid, ())),
            *triggers.get(oid, ((), ())),
        )
        for oid, qualified, printed, schema, name, partitioned, columns in rows
        if not {TableName(name), TableName(name, schema)} & {*ignore}
    )


def find_references(connection: psycopg.Connection, tables: Iterable[Table]) -> tuple[Reference, ...]:
    """Every foreign key between these tables; one of or to a partition counts as its root's. Locks: as above."""
    by_oid = {table.oid: table for table in tables}
    with connection.cursor(row_factory=tuple_row) as cursor:
        return tuple(
            Reference(by_oid[child], tuple(columns), by_oid[parent], tuple(keys))
            for child, columns, parent, keys in cursor.execute(REFERENCES)
            if child in by_oid and parent in by_oid
        )


def referred_first(tables: Iterable[Table], references: Iterable[Reference]) -> tuple[Table, ...]:
    """The tables in an order in which each comes after those that it refers to, as far as no circle prevents it."""
    parents: dict[Table, list[Table]] = {}
    for reference in references:
        parents.setdefault(reference.child, []).append(reference.parent)
    return tuple(dict.fromkeys(each for table in tables for each in _with_parents(table, parents)))


def _with_parents(table: Table, parents: Mapping[Table, list[Table]]) -> Iterator[Table]:
    """Depth first, without recursion: chains of references may be long."""
    seen, waiting = {table}, [(table, iter(parents.get(table, ())))]
    while waiting:
        current, rest = waiting[-1]
        following = next((parent for parent in rest if parent not in seen), None)
        if following is None:
            yield current
            waiting.pop()
        else:
            seen.add(following)
            waiting.append((following, iter(parents.get(following, ()))))


def _column(fields: dict[str, Any]) -> Column:
    lists = {name: tuple(fields[name] or ()) for name in ("sources", "labels")}
    return Column(**{**fields, **lists})
