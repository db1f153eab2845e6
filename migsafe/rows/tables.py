"""Finds the tables that hold rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from psycopg.rows import tuple_row

from migsafe.postgres.catalogs import contents_query
from migsafe.rows.digest import Column, Table

if TYPE_CHECKING:
    import psycopg


Held = TypeVar("Held")
"""What is known of a table that holds rows."""

Chooses = Callable[[str, str | None], bool]
"""Whether a table or sequence is wanted, by its printed name, and that of the whole: the partitioned table of a
partition, the table that a sequence fills."""


def everything(_: str, __: str | None = None) -> bool:
    """Choose all there is."""
    return True


@dataclass(frozen=True, slots=True)
class Found(Generic[Held]):
    """What holds rows, by printed name: tables, partitioned or not, and partitions; and what can't be read, and why.

    ``roots`` names the partitioned table at the top of every partition, whether it can be read or not.
    """

    tables: Mapping[str, Held]
    refused: Mapping[str, str]
    roots: Mapping[str, str]

    def chosen(self, chooses: Chooses) -> Found[Held]:
        """Without what isn't wanted."""
        return replace(
            self,
            tables={name: table for name, table in self.tables.items() if chooses(name, self.roots.get(name))},
            refused={name: reason for name, reason in self.refused.items() if chooses(name, self.roots.get(name))},
        )

    @property
    def names(self) -> frozenset[str]:
        """Of all that is here, and of the partitioned tables that it is a part of."""
        here = {*self.tables, *self.refused}
        return frozenset(here | {root for name, root in self.roots.items() if name in here})

    @property
    def divided(self) -> frozenset[str]:
        """Partitioned tables that count by partition, since one of these can't be read or isn't wanted."""
        return frozenset(root for name, root in self.roots.items() if name not in self.tables)

    def wholes(self, divided: Collection[str]) -> dict[str, Held]:
        """Partitioned tables in place of their partitions, but for those that are ``divided``."""
        roots = {*self.roots.values()} - {*divided}
        return {
            name: table
            for name, table in self.tables.items()
            if name not in divided and self.roots.get(name) not in roots
        }


def find_tables(connection: psycopg.Connection, not_checked: dict[str, str]) -> dict[str, Table]:
    """Every table that holds rows of its own, by its printed name; a partitioned table has none, its partitions have.

    Those that can't be read are named in ``not_checked`` with the reason.
    """
    found = find_all(connection)
    not_checked.update(found.refused)
    return {name: table for name, table in found.tables.items() if not table.partitioned}


def find_all(connection: psycopg.Connection) -> Found[Table]:
    """Every table that holds rows of its own, and the partitioned tables that aren't partitions themselves."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(contents_query("tables")).fetchall()
    tables, refused, roots = {}, {}, {}
    for printed_name, schema, name, reason, columns, key, partitioned, root, *of_table in rows:
        if root and not partitioned:
            roots[printed_name] = root
        if reason:
            refused[printed_name] = reason
        elif not (partitioned and root):
            by_name = {column[0]: Column(*column) for column in columns}
            keys = tuple(by_name[part] for part in key)
            tables[printed_name] = Table(schema, name, tuple(by_name.values()), keys, partitioned, root, *of_table)
    return Found({name: _of_root(table, tables) for name, table in tables.items()}, refused, roots)


def _of_root(table: Table, tables: Mapping[str, Table]) -> Table:
    """The table as it is read: a partition with the key of the whole, so that their digests add up to the whole's."""
    if table.partitioned:
        parts = (part.bytes for part in tables.values() if part.root and tables.get(part.root) is table)
        return replace(table, bytes=sum(parts))
    if table.root is None or table.root not in tables:
        return table
    names = [column.name for column in tables[table.root].key]
    by_name = {column.name: column for column in table.columns}
    return replace(table, key=tuple(by_name[name] for name in names))
