"""The relations that were there before a run, by oid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.postgres.catalogs import user_schemas

if TYPE_CHECKING:
    from collections.abc import Collection

    import psycopg

    from migsafe.postgres.names import TableName

_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "i": "index",
    "I": "partitioned index",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "f": "foreign table",
}

_RELATIONS = """
SELECT c.oid::bigint, c.relkind::text, user_schema.nspname, c.relname, format('%I.%I', user_schema.nspname, c.relname),
    pg_relation_filenode(c.oid)::bigint, i.indrelid::bigint
FROM pg_class c
JOIN user_schema ON user_schema.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation as it was before the run. ``printed`` is qualified and quoted; ``table`` is the one an index is on."""

    oid: int
    kind: str
    schema: str
    name: str
    printed: str
    filenode: int | None
    table: int | None = None

    @property
    def is_index(self) -> bool:
        return self.kind in ("index", "partitioned index")


def read_relations(connection: psycopg.Connection, but_for: Collection[TableName] = ()) -> dict[int, Relation]:
    """All relations of the user, without these tables and their indexes. Locks: ACCESS SHARE on system catalogs."""
    found = connection.execute((user_schemas() + _RELATIONS).encode())
    relations = {row[0]: Relation(row[0], _KINDS[row[1]], *row[2:]) for row in found if row[1] in _KINDS}
    names = {(table.schema, table.name) for table in but_for}
    left_out = {each.oid for each in relations.values() if (each.schema, each.name) in names}
    return {oid: each for oid, each in relations.items() if not {oid, each.table} & left_out}
