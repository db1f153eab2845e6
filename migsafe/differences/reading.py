"""Reads a database's schema with its dependencies: a fixed number of queries, however many objects there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from migsafe.postgres.catalogs import read_dependencies, read_objects
from migsafe.postgres.databases import server_version
from migsafe.postgres.reading import consistent_reading
from migsafe.schema.catalog import Catalog
from migsafe.schema.model import ObjectKey, Schema, SchemaObject
from migsafe.state import printed_names

if TYPE_CHECKING:
    import psycopg

    from migsafe.postgres.names import TableName


def read_catalog(connection: psycopg.Connection, *, ignore: Collection[TableName] = ()) -> Catalog:
    """The schema in one snapshot, without the tables ``ignore``; the connection must be idle.

    Locks: ACCESS SHARE on system catalogs. Definitions that PostgreSQL prints are those at the moment of printing.
    """
    with consistent_reading(connection):
        return catalog_in_transaction(connection, ignore=ignore)


def catalog_in_transaction(connection: psycopg.Connection, *, ignore: Collection[TableName] = ()) -> Catalog:
    """The schema as the connection's own transaction sees it, with an empty search path while it is read."""
    path = connection.execute("SELECT pg_catalog.current_setting('search_path')").fetchone()
    connection.execute("SELECT pg_catalog.set_config('search_path', '', true)")
    objects = read_objects(connection)
    dependencies = list(read_dependencies(connection))
    ignored = printed_names(connection, ignore)
    connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", path)
    schema = Schema(SchemaObject(each.kind, each.name, each.fields, each.parent) for each in objects).without(ignored)
    keys = {each.address: (each.kind, each.name) for each in objects if (each.kind, each.name) in schema}
    extensions = {member[:2]: keys[owner] for member, owner, is_member in dependencies if is_member and owner in keys}
    needs = defaultdict[ObjectKey, set[ObjectKey]](set)
    for dependent, needed, is_member in dependencies:
        key = keys.get(dependent) or keys.get((*dependent[:2], 0))
        if key is None or is_member:
            continue  # what is no object of the user's, or came with an extension
        other = keys.get(needed) or keys.get((*needed[:2], 0)) or extensions.get(needed[:2])
        if other and key != other:
            needs[key].add(other)
    return Catalog(
        schema,
        {key: frozenset(needed) for key, needed in needs.items()},
        {key: address for address, key in keys.items()},
        server_version(connection)[0].partition(" ")[0],
    )
