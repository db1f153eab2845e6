"""The state of a database: everything that a migration can change, as one value that can be compared.

Left out is what belongs to the whole cluster: roles, tablespaces, subscriptions, and the settings, owner and privileges
of the database itself. What could not be read is named, with the reason, in :attr:`StateDifference.not_checked`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from psycopg.rows import tuple_row

from migsafe.plain import first_lines
from migsafe.postgres.catalogs import read_objects
from migsafe.postgres.reading import consistent_reading
from migsafe.rows.contents import ColumnName, Contents, ContentsDifference, compare_contents
from migsafe.rows.fingerprint import read_contents
from migsafe.schema.diff import SchemaDifference, compare_schemas
from migsafe.schema.model import Schema, SchemaObject

if TYPE_CHECKING:
    import psycopg

    from migsafe.postgres.names import TableName


@dataclass(frozen=True, slots=True)
class State:
    """The schema, read from the catalogs, and the contents, a digest of every column of every table."""

    schema: Schema
    contents: Contents

    def without(self, relations: Collection[str]) -> State:
        """Without these relations, by printed name, with all that hangs on them: a table takes its sequences along."""
        gone = frozenset(relations)
        schema = self.schema.without(gone)
        sequences = (item for item in self.schema.of_kind("sequence") if item.key not in schema)
        return State(schema, self.contents.without(gone | {item.name for item in sequences}))


@dataclass(frozen=True, slots=True)
class StateDifference:
    """What differs between two states; false when nothing does."""

    schema: SchemaDifference = field(default_factory=SchemaDifference)
    contents: ContentsDifference = field(default_factory=ContentsDifference)

    def __bool__(self) -> bool:
        return bool(self.schema) or bool(self.contents)

    @property
    def changed_columns(self) -> frozenset[ColumnName]:
        """Every column, of a table on both sides, whose values differ."""
        return self.contents.changed_columns

    @property
    def not_checked(self) -> Mapping[str, str]:
        """What one side or the other could not read, and why. It may differ, whatever the difference says."""
        return self.contents.not_checked

    def without_values_of(self, columns: Collection[ColumnName]) -> StateDifference:
        """The difference with these columns compared by their counts of nulls only."""
        return replace(self, contents=self.contents.without_values_of(columns))

    def without_sequence_positions(self) -> StateDifference:
        """The difference without where sequences stand: they advance even when a statement is rolled back."""
        return replace(self, contents=replace(self.contents, sequences=()))

    def without_privileges(self) -> StateDifference:
        """The difference without owners and privileges, for a dump that was made without them."""
        return replace(self, schema=self.schema.without_privileges())

    def describe(self, limit: int = 20) -> tuple[str, ...]:
        """At most ``limit`` lines in a fixed order, schema before contents; a last one says how many more there are."""
        return first_lines((*self.schema.lines(), *self.contents.lines()), limit)


def read_state(
    connection: psycopg.Connection,
    *,
    ignore: Collection[TableName] = (),
    digest: bool = True,
) -> State:
    """Read schema and contents in one snapshot; the connection must be idle, and is left as it was.

    ``ignore`` are tables that are left out with all that hangs on them; one without a schema is left out wherever it
    is. Without ``digest`` rows are counted but not read. The schema takes a fixed number of queries, the contents one
    pass over each table. Nothing is written; locks: ACCESS SHARE on a few tables at a time. The snapshot holds for
    rows; definitions that PostgreSQL prints (``pg_get_viewdef`` and its kin) are those at the moment of printing.
    """
    with consistent_reading(connection):
        ignored = printed_names(connection, ignore)
        objects = (SchemaObject(each.kind, each.name, each.fields, each.parent) for each in read_objects(connection))
        return State(
            schema=Schema(objects).without(ignored),
            contents=read_contents(connection, ignore=ignored, digest=digest),
        )


def compare_states(before: State, after: State) -> StateDifference:
    """What differs, by name: nothing is paired by likeness, so that a renamed table is one removed and one added."""
    return StateDifference(
        compare_schemas(before.schema, after.schema), compare_contents(before.contents, after.contents)
    )


def without_refreshed(before: State, difference: StateDifference) -> tuple[StateDifference, tuple[str, ...]]:
    """The difference but for the rows of materialized views, and the names of these.

    A restore refreshes them, so that one that was stale holds other rows afterwards, and nothing is lost.
    """
    views = {view.name for view in before.schema.of_kind("materialized view")}
    kept = tuple(table for table in difference.contents.tables if table.name not in views)
    refreshed = tuple(table.name for table in difference.contents.tables if table.name in views)
    return replace(difference, contents=replace(difference.contents, tables=kept)), refreshed


def printed_names(connection: psycopg.Connection, tables: Collection[TableName]) -> frozenset[str]:
    """The names of those that exist, qualified and quoted as PostgreSQL prints them."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(
            """
        SELECT format('%%I.%%I', nspname, relname)
        FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        JOIN unnest(%s::text[], %s::text[]) AS ignored (name, schema)
            ON relname = ignored.name AND nspname = coalesce(ignored.schema, nspname)
        """,
            ([table.name for table in tables], [table.schema for table in tables]),
        )
        return frozenset(name for (name,) in rows)
