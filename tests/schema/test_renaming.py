"""A schema under new names is what PostgreSQL makes of it, on a real one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest

from migsafe.comparison.renames import paired
from migsafe.differences.reading import catalog_in_transaction, read_catalog
from migsafe.errors import UsageError
from migsafe.postgres.server import Server
from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import compare_schemas
from migsafe.schema.model import Schema, SchemaObject
from migsafe.schema.renaming import Renaming, rename, with_new_names
from migsafe.schema.statements.names import own_name, parts, unquoted
from migsafe.schema.statements.script import write_script
from migsafe.sql.identifiers import quoted
from migsafe.state import State
from tests.fix_state import fresh_database

MADE_ANEW = ("view", "materialized view", "rule")

SCHEMA = (Path(__file__).parent / "named.sql").read_bytes()


def differing(connection: psycopg.Connection, renaming: Renaming) -> list[str]:
    """What the renames leave on the server that isn't foretold."""
    with connection.transaction(force_rollback=True):
        for statement in renaming.statements:
            connection.execute(statement.encode())
        found = compare_schemas(renaming.catalog.schema, catalog_in_transaction(connection).schema)
    changed = [f"{each.new}: {field}" for each in found.changed for field in each.fields if not _is_said(each.new)]
    return [str(each) for each in (*found.removed, *found.added)] + changed


def _is_said(item: SchemaObject) -> bool:
    return item.kind in MADE_ANEW


def own_columns(catalog: Catalog, table: str) -> list[str]:
    items = (item for item in catalog.parts.get(table, ()) if item.kind == "column")
    return [unquoted(own_name(item)) for item in items if not item.fields.get("inherited")]


def each_rename(catalog: Catalog) -> list[tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]]:
    """Every table under another name, in another schema, with all its columns renamed, and both."""
    found: list[tuple[Mapping[str, str], Mapping[str, Mapping[str, str]]]] = []
    for item in catalog.schema.of_kind("table"):
        schema, name = parts(item.name)
        table = {item.name: f"{schema}.{quoted(unquoted(name) + ' 2')}"}
        own = () if item.fields.get("of_type") else own_columns(catalog, item.name)
        columns = {item.name: {each: f"{each}_2" for each in own}}
        found += [(table, {}), ({}, columns), (table, columns), ({item.name: f'"the other".{name}'}, columns)]
    return found


def test_every_table_and_column_renamed_is_what_the_server_makes_of_it(
    server: Server, every_kind: tuple[str, State]
) -> None:
    with fresh_database(server, every_kind[0]) as connection:
        connection.execute(SCHEMA)
        catalog = read_catalog(connection)
        for tables, columns in each_rename(catalog):
            assert differing(connection, rename(catalog, tables, columns)) == [], (tables, columns)


def test_renames_lead_to_a_schema_that_was_written_with_the_new_names(server: Server) -> None:
    with fresh_database(server) as old, fresh_database(server) as new:
        old.execute(SCHEMA)
        new.execute(SCHEMA)
        new.execute(
            'ALTER TABLE t RENAME COLUMN a TO "A"; ALTER TABLE t RENAME TO things; ALTER TABLE things ADD b int'
        )
        before, after = read_catalog(old), read_catalog(new)
        renaming = rename(before, {"public.t": "public.things"}, {"public.t": {"a": "A"}})
        script = write_script(renaming.catalog, after).statements
        assert [each for each in script if " TABLE " in each] == ["ALTER TABLE public.things ADD COLUMN b integer"]
        for statement in (*renaming.statements, *script):
            old.execute(statement.encode())
        assert not compare_schemas(read_catalog(old).schema, after.schema)
        found = with_new_names(compare_schemas(renaming.catalog.schema, after.schema), renaming, after.schema)
        names = [f"{each.new}: {field}" for each in found.changed for field in each.fields if field.field == "name"]
        assert names == [
            'column public.things."A": name: a → "A"',
            "table public.things: name: public.t → public.things",
        ]


def table(name: str, *columns: str) -> list[SchemaObject]:
    return [
        SchemaObject("table", name, {}),
        *(SchemaObject("column", f"{name}.{each}", {"type": "integer"}, name) for each in columns),
    ]


def test_a_name_that_is_taken_or_a_schema_that_is_not_there_is_refused() -> None:
    catalog = Catalog(Schema([SchemaObject("schema", "s", {}), *table("s.a", "x", "y"), *table("s.b")]))
    with pytest.raises(UsageError, match=r"has s\.b already"):
        rename(catalog, {"s.a": "s.b"}, {})
    with pytest.raises(UsageError, match=r"x of s\.a can't be renamed: it has y already"):
        rename(catalog, {}, {"s.a": {"x": "y"}})
    with pytest.raises(UsageError, match="schema other, which the old side hasn't"):
        rename(catalog, {"s.a": "other.a"}, {})


@pytest.mark.parametrize(
    ("renames", "why"),
    [
        ({"s.c": "s.b"}, "the old side has no table or column s.c"),
        ({"s.a": "s.c"}, "the new side has no table or column s.c"),
        ({"s.a.x": "s.b.z"}, "no such pair"),
    ],
)
def test_a_rename_of_nothing_says_what_is_missing(renames: dict[str, str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        paired({"s.a": ["x"]}, {"s.a": ["y"], "s.b": ["z"]}, renames)


def test_nothing_renamed_is_the_same_schema(every_kind: tuple[str, State], server: Server) -> None:
    with fresh_database(server, every_kind[0]) as connection:
        catalog = read_catalog(connection)
        assert rename(catalog, {}, {}).catalog == catalog
