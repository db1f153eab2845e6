"""What a name in a statement means on a catalog: whether a table or a column is surely not there, and what is meant."""

from __future__ import annotations

from collections.abc import Iterable

from postgast import pg_query_pb2 as pb

from migsafe.catalog.catalog import Catalog
from migsafe.catalog.objects import Table
from migsafe.sql.actions import Column, Kind
from migsafe.sql.names import Name, quoted, words
from migsafe.sql.scopes import ColumnUse, Source

_SYSTEM_COLUMNS = frozenset(("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"))
_SYSTEM_SCHEMAS = ("pg_catalog", "information_schema", "pg_toast", "pg_temp")

_BOOKS = frozenset(
    (
        "schema_migrations",
        "schema_migration",
        "schema_version",
        "flyway_schema_history",
        "alembic_version",
        "goose_db_version",
        "gorp_migrations",
        "__diesel_schema_migrations",
        "_sqlx_migrations",
        "_prisma_migrations",
        "django_migrations",
        "databasechangelog",
    )
)
"""The tables in which tools keep their books: no migration makes them."""


def is_missing(table: Name, catalog: Catalog) -> bool:
    """Whether there surely is no such relation: everything that was made was seen, or it was seen being dropped."""
    if catalog.blurred or catalog.find(table) is not None or table.name in _BOOKS or table.name.startswith("pg_"):
        return False
    if table.schema in _SYSTEM_SCHEMAS:
        return False
    if catalog.was_dropped(Kind.TABLE, table):
        return True
    if not any(isinstance(each, Table) for each in catalog.relations.values()):
        return False  # the history begins with a schema of which it tells nothing
    if table.schema is None:  # a role or a database may have a search_path of its own
        return catalog.complete and not any(name == table.name for _, name in catalog.relations)
    return catalog.complete and (
        table.schema in ("public", *catalog.search_path)
        or any(schema == table.schema for schema, _ in catalog.relations)
    )


def missing_column(use: ColumnUse, catalog: Catalog) -> tuple[str, tuple[str, ...]] | None:
    """Of what the column surely isn't, in words, and the columns that there are; none where it may be there."""
    if catalog.blurred or use.column in _SYSTEM_COLUMNS:
        return None
    seen: list[Source] = []
    for level in use.levels:
        for source in level:
            if use.qualifier not in (None, source.alias):
                continue
            columns = columns_of(source, catalog)
            if columns is None or use.column in columns or use.column == source.alias:
                return None
            seen.append(source)
        if seen and use.qualifier:
            break
    if not seen:
        return None
    there = tuple(dict.fromkeys(name for source in seen for name in columns_of(source, catalog) or ()))
    return ", ".join(str(source.table or quoted(source.alias)) for source in seen if source.alias), there


def columns_of(source: Source, catalog: Catalog) -> tuple[str, ...] | None:
    """The columns of a source, where all of them are known."""
    if source.table is None:
        return source.columns
    known = catalog.table(source.table)
    return tuple(known.columns) if known and has_all_columns(known) else None


def column_meant(node: pb.Node, levels: Iterable[Iterable[Source]], catalog: Catalog) -> tuple[Table, Column] | None:
    """The table and the column that an expression is, where it is one and everything is known of what it may mean."""
    if not node.HasField("column_ref") or len(node.column_ref.fields) > 2 or catalog.blurred:
        return None
    if not all(each.HasField("string") for each in node.column_ref.fields):
        return None
    *before, name = words(node.column_ref.fields)
    for level in levels:
        for source in level:
            if before and source.alias != before[0]:
                continue
            columns = columns_of(source, catalog)
            if columns is None:
                return None
            if name in columns:
                table = catalog.table(source.table) if source.table else None
                return (table, table.columns[name]) if table else None
    return None


def has_all_columns(table: Table) -> bool:
    """Whether all columns are known: a partition gets those of its parent later too."""
    return table.complete and table.partition_of is None and table.kind is Kind.TABLE


def meant(name: str, there: Iterable[str]) -> str | None:
    """The name that is nearest to one that isn't there."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(there), n=1, cutoff=0.75)), None)
