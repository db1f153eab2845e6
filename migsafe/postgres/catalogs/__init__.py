"""The system catalogs, read with a fixed number of queries: one file of SQL a kind of object, however many there are.

``objects/`` holds one query a kind. Each returns ``kind``, the object's address (``catalog``, ``object``, ``part``: a
catalog's oid, an oid in it, a column's number), ``relation`` (the table it hangs on) and ``fields`` (JSON, null for
what is as usual). What all kinds share is added here: the name as PostgreSQL prints it (``pg_identify_object``, manual,
9.27.5), and the leaving out of whatever belongs to an extension. ``traits/`` holds what any kind of object can have:
a comment, an owner and privileges, a security label. ``contents/`` finds what holds rows.

A file whose name ends in ``.from_15`` or ``.until_14`` is for those major versions only. No field is an oid or a time.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.rows import tuple_row
from psycopg.types.string import TextLoader

if TYPE_CHECKING:
    import psycopg

_FOLDER = files(__package__)

_OBJECTS = """
, extension_member AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
)
SELECT
    o.kind, identity.identity, o.relation::regclass::text, o.catalog::oid, o.object, o.part, jsonb_strip_nulls(o.fields)
FROM (
{query}
) AS o
CROSS JOIN LATERAL pg_identify_object(o.catalog, o.object, o.part) AS identity
-- NOT IN a set without nulls is looked up in a hash table, which an OR of both isn't.
WHERE (o.catalog::oid, o.object::oid) NOT IN (SELECT classid, objid FROM extension_member)
    AND coalesce(o.relation, 0)::oid NOT IN (SELECT objid FROM extension_member WHERE classid = 'pg_class'::regclass)
"""


Address = tuple[int, int, int]
"""Where an object is: a catalog's oid, an oid in it, a column's number. A clone of a database keeps it."""


class CatalogObject(NamedTuple):
    """One object. ``name`` is qualified and quoted; ``parent`` names the relation that it hangs on, if any."""

    kind: str
    name: str
    parent: str | None
    fields: Mapping[str, Any]
    address: Address


def read_objects(connection: psycopg.Connection) -> list[CatalogObject]:
    """All objects of the database that belong to the user, in no order. Run it with an empty ``search_path``.

    Left out: what belongs to an extension, temporary objects, migsafe's own, and what belongs to the whole cluster
    (roles, tablespaces, subscriptions, settings of databases), since a clone of a database doesn't carry it.
    Locks: ACCESS SHARE on system catalogs.
    """
    traits = defaultdict[Address, dict[str, Any]](dict)
    for catalog, oid, part, fields in _rows(connection, "traits", "{query}"):
        if fields:
            traits[catalog, oid, part] |= fields
    found = []
    for kind, name, parent, catalog, oid, part, fields in _rows(connection, "objects", _OBJECTS):
        address = (catalog, oid, part)
        found.append(
            CatalogObject(kind, name, parent, fields | traits[address] if address in traits else fields, address)
        )
    return found


def read_dependencies(connection: psycopg.Connection) -> Iterator[tuple[Address, Address, bool]]:
    """What needs what, in one query: the dependent's address, the address of what it needs, and whether the dependent
    is a member of the extension that it needs. A column's number is 0 where the whole relation is needed."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        for row in cursor.execute((user_schemas() + _read("dependencies.sql")).encode()).fetchall():
            yield row[:3], row[3:6], row[6]


def _rows(connection: psycopg.Connection, folder: str, wrapper: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a folder's queries. The documents in their last column are parsed as one, in half the time."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.adapters.register_loader("jsonb", TextLoader)
        for query in queries(folder, connection.info.server_version // 10000):
            rows = cursor.execute(user_schemas() + wrapper.replace("{query}", query)).fetchall()
            documents = json.loads(f"[{','.join(row[-1] or 'null' for row in rows)}]")
            yield from ((*row[:-1], document) for row, document in zip(rows, documents, strict=True))


def contents_query(name: str) -> str:
    """The query in ``contents/<name>.sql``."""
    return user_schemas() + _read("contents", f"{name}.sql")


@cache
def user_schemas() -> str:
    return _read("user_schemas.sql")


@cache
def queries(folder: str, major: int) -> tuple[str, ...]:
    """The queries of a folder that are for this major version, ordered by file name."""
    names = sorted(file.name for file in (_FOLDER / folder).iterdir() if file.name.endswith(".sql"))
    return tuple(_read(folder, name) for name in names if _is_for(name, major))


def _is_for(name: str, major: int) -> bool:
    bound = re.search(r"\.(from|until)_(\d+)\.sql$", name)
    if bound is None:
        return True
    return major >= int(bound[2]) if bound[1] == "from" else major <= int(bound[2])


def _read(*path: str) -> str:
    return _FOLDER.joinpath(*path).read_text(encoding="utf-8")
