"""Which table and column of a migrated database came from which one before it.

Both databases are clones of one, where a table keeps its oid and a column its number whatever they are called later
(``CREATE DATABASE … TEMPLATE`` copies the catalogs as they are; PostgreSQL manual, 23.3). What is gone by number is
followed by what the settings declare, then by name: a table or column that was made anew under the old name takes the
old one's place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.postgres.catalogs import contents_query
from migsafe.rows.contents import ColumnName, TableContents, added_up
from migsafe.rows.digest import Column

if TYPE_CHECKING:
    import psycopg

    from migsafe.rows.contents import Contents


@dataclass(frozen=True, slots=True)
class TypedColumn(Column):
    """A column with its type as declared (``numeric(8,2)``), the base type below its domains, and that one's category.

    A ``generated`` column holds nothing of its own.
    """

    declared: str
    base: str
    category: str
    generated: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table that holds rows by itself, or a partitioned one as a whole.

    ``root`` is the partitioned table that it is a part of. ``leaves`` names the tables whose contents add up to it,
    ``strays`` names the partitions that don't count as part of it. ``key`` is the primary key, by number.
    """

    oid: int
    name: str
    schema: str
    table: str
    partitioned: bool
    root: int | None
    columns: tuple[TypedColumn, ...]
    key: tuple[int, ...] = ()
    leaves: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    @property
    def source(self) -> sql.Composed:
        """What stands after FROM; the relation is called ``t``."""
        identifier = sql.Identifier(self.schema, self.table)
        if not self.partitioned:
            return sql.SQL("ONLY {} AS t").format(identifier)
        return sql.SQL("{} AS t WHERE t.tableoid <> ALL ({}::regclass[])").format(identifier, list(self.strays))

    def column(self, number: int) -> TypedColumn | None:
        return next((column for column in self.columns if column.number == number), None)

    def name_of(self, column: Column) -> str:
        return str(ColumnName(self.name, column.name))


ColumnPair = tuple[TypedColumn, TypedColumn]


@dataclass(frozen=True, slots=True)
class Pair:
    """A relation and its successor, with the columns to compare and the old primary key as both sides have it.

    ``key`` is empty where there was none or a part of it is gone. ``whole`` is false where only some columns went to
    another table: rows that are there besides say nothing then.
    """

    old: Relation
    new: Relation
    columns: tuple[ColumnPair, ...]
    key: tuple[ColumnPair, ...] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Lineage:
    """Every relation and column of the old side, in order: followed to a successor, or gone."""

    pairs: tuple[Pair, ...]
    gone_tables: tuple[Relation, ...]
    gone_columns: tuple[tuple[Relation, TypedColumn], ...]


def read_relations(connection: psycopg.Connection, names: Collection[str]) -> tuple[Relation, ...]:
    """The tables with these printed names, and all partitioned tables; within a consistent reading."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(contents_query("lineage")).fetchall()
    relations = (
        Relation(oid, name, schema, table, partitioned, root, tuple(TypedColumn(*each) for each in columns), tuple(key))
        for oid, name, schema, table, partitioned, root, columns, key in rows
    )
    return tuple(relation for relation in relations if relation.partitioned or relation.name in names)


def follow(old: Sequence[Relation], new: Sequence[Relation], moved: Mapping[str, str]) -> Lineage:
    """Pair every relation of the old side with its successor, partitions with the table that they are a part of.

    ``moved`` says where tables and columns went that are not there any more, by qualified name.
    """
    roots_before, roots_after = ({each.oid: each.root for each in side} for side in (old, new))
    strays = {oid for oid in roots_before.keys() & roots_after if roots_before[oid] != roots_after[oid]}
    return _Follower(_units(old, strays), _units(new, strays), moved).lineage()


def _units(relations: Sequence[Relation], strays: Collection[int]) -> list[Relation]:
    """Partitioned tables as wholes, other tables, and partitions that were attached or detached, each by itself."""
    units = []
    for each in relations:
        parts = [leaf for leaf in relations if leaf.root == each.oid and not leaf.partitioned]
        if each.root is None and each.partitioned:
            leaves = tuple(leaf.name for leaf in parts if leaf.oid not in strays)
            units.append(replace(each, leaves=leaves, strays=tuple(leaf.name for leaf in parts if leaf.oid in strays)))
        elif not each.partitioned and (each.root is None or each.oid in strays):
            units.append(replace(each, leaves=(each.name,)))
    return units


class _Follower:
    def __init__(self, old: Sequence[Relation], new: Sequence[Relation], moved: Mapping[str, str]) -> None:
        self._old = old
        self._moved = moved
        self._known = {relation.oid for relation in old}
        self._by_oid = {relation.oid: relation for relation in new}
        self._by_name = {relation.name: relation for relation in new}
        self._columns = {each.name_of(column): (each, column) for each in new for column in each.columns}

    def lineage(self) -> Lineage:
        pairs: list[Pair] = []
        gone_tables: list[Relation] = []
        gone_columns: list[tuple[Relation, TypedColumn]] = []
        for old in self._old:
            new = self._successor(old)
            columns = self._pairs(old, new) if new else {}
            if new:
                pairs.append(Pair(old, new, tuple(columns.values()), _key(old, columns)))
            elsewhere, gone = self._moved_columns(old, [each for each in _own(old) if each.number not in columns])
            pairs += elsewhere
            if new is None and not elsewhere:
                gone_tables.append(old)
            else:
                gone_columns += [(old, column) for column in gone]
        return Lineage(tuple(pairs), tuple(gone_tables), tuple(gone_columns))

    def _successor(self, old: Relation) -> Relation | None:
        if old.oid in self._by_oid:
            return self._by_oid[old.oid]
        declared = self._by_name.get(self._moved.get(old.name, ""))
        made_anew = self._by_name.get(old.name)
        return declared or (made_anew if made_anew and made_anew.oid not in self._known else None)

    def _pairs(self, old: Relation, new: Relation) -> dict[int, ColumnPair]:
        """The columns of ``old`` that ``new`` has, by number."""
        if old.oid == new.oid:
            found = {each.number: (each, after) for each in _own(old) if (after := new.column(each.number))}
        else:
            found = {}
        taken = {after.number for _, after in found.values()}
        for column in _own(old):
            declared = self._columns.get(self._moved.get(old.name_of(column), ""))
            after = declared[1] if declared and declared[0] is new else _named(new, column.name)
            if column.number not in found and after and after.number not in taken:
                found[column.number] = (column, after)
        return found

    def _moved_columns(self, old: Relation, columns: Iterable[TypedColumn]) -> tuple[list[Pair], list[TypedColumn]]:
        """Those that are declared to be in another table now, one pair a table, and the rest."""
        targets: dict[int, list[ColumnPair]] = {}
        gone = []
        for column in columns:
            declared = self._columns.get(self._moved.get(old.name_of(column), ""))
            if declared:
                targets.setdefault(declared[0].oid, []).append((column, declared[1]))
            else:
                gone.append(column)
        pairs = []
        for oid, found in targets.items():
            new = self._by_oid[oid]
            pairs.append(Pair(old, new, tuple(found), _key(old, self._pairs(old, new)), whole=False))
        return pairs, gone


def _own(relation: Relation) -> list[TypedColumn]:
    return [column for column in relation.columns if not column.generated]


def _named(relation: Relation, name: str) -> TypedColumn | None:
    return next((column for column in relation.columns if column.name == name), None)


def _key(old: Relation, columns: Mapping[int, ColumnPair]) -> tuple[ColumnPair, ...]:
    return tuple(columns[number] for number in old.key) if all(number in columns for number in old.key) else ()


def contents_of(relation: Relation, contents: Contents) -> TableContents | None:
    """What a relation holds, the contents of partitions added up; none where that can't be known."""
    parts = [contents.tables[name] for name in relation.leaves if name in contents.tables]
    if len(parts) < len(relation.leaves) or len({part.key for part in parts}) > 1:
        return None
    if len(parts) == 1:
        return parts[0]
    return added_up(parts, {column.name: column.number for column in relation.columns})


def not_proved_kept(pair: Pair, before: TableContents | None, after: TableContents | None) -> tuple[ColumnPair, ...]:
    """The columns of a pair that must be looked at row by row: equal digests, seeded alike, prove the others kept."""
    if before is None or after is None:
        return pair.columns
    if not before.rows:
        return ()
    if pair.old.key:
        numbers = tuple(column.number for _, column in pair.key)
        methods = [[method for _, method in side.key] for side in (before, after)]
        comparable = pair.key != () and numbers == pair.new.key and methods[0] == methods[1]
    else:
        comparable = not pair.new.key and before.row_digest == after.row_digest
    return tuple(
        (old, new) for old, new in pair.columns if not comparable or _digest(before, old) != _digest(after, new)
    )


def _digest(contents: TableContents, column: Column) -> tuple[int | None, int | None, str] | None:
    found = contents.columns.get(column.name)
    return (found.values, found.digest, found.method) if found else None
