"""What is left behind is taken back by statements as far as the schema tells; no server is needed."""

from __future__ import annotations

from typing import Any

import pytest

from migsafe.checks.crash.clean_up import clean_up
from migsafe.rows.contents import ColumnContents, Contents, TableContents
from migsafe.schema.model import Schema, SchemaObject
from migsafe.state import State

TABLE = SchemaObject("table", "public.a", {})
PART = "ALTER TABLE public.a DETACH PARTITION public.b FINALIZE;"


def state(*objects: SchemaObject, rows: int | None = None) -> State:
    column = ColumnContents(rows, 1, "hash", 1)
    tables = {} if rows is None else {"public.a": TableContents(rows, {"id": column})}
    return State(Schema(objects), Contents(tables, {}))


def column(name: str, **fields: Any) -> SchemaObject:
    return SchemaObject("column", f"public.a.{name}", fields, "public.a")


def test_where_nothing_was_left_behind_there_is_nothing_to_do() -> None:
    assert clean_up(state(TABLE, rows=3), state(TABLE, rows=3)) == ()


@pytest.mark.parametrize(
    ("added", "statement"),
    [
        (column('"weird ""name"'), 'ALTER TABLE public.a DROP COLUMN "weird ""name";'),
        (SchemaObject("index", "public.i", {"invalid": True}, "public.a"), "DROP INDEX CONCURRENTLY public.i;"),
        (SchemaObject("index", "public.i", {}, "public.a"), "DROP INDEX public.i;"),
        (SchemaObject("constraint", "c on public.a", {}, "public.a"), "ALTER TABLE public.a DROP CONSTRAINT c;"),
        (SchemaObject("materialized view", "public.v", {}), "DROP MATERIALIZED VIEW public.v;"),
        (SchemaObject("trigger", "t on public.a", {}, "public.a"), "-- trigger t on public.a was added"),
    ],
)
def test_what_was_added_is_dropped(added: SchemaObject, statement: str) -> None:
    assert clean_up(state(TABLE), state(TABLE, added)) == (statement,)


def test_what_hangs_on_a_new_table_goes_with_it() -> None:
    assert clean_up(state(), state(TABLE, column("id"))) == ("DROP TABLE public.a;",)


@pytest.mark.parametrize(
    ("old", "new", "statement"),
    [
        ({}, {"detach_pending": True, "inherits": ["public.a"]}, PART),
        ({}, {"invalid": True}, "REINDEX INDEX CONCURRENTLY public.b;"),
        ({"unlogged": True}, {}, "-- table public.b was changed: unlogged"),
    ],
)
def test_what_was_left_half_done_is_finished(old: dict[str, Any], new: dict[str, Any], statement: str) -> None:
    before, left = (SchemaObject("table", "public.b", fields) for fields in (old, new))
    assert clean_up(state(before), state(left)) == (statement,)


def test_what_no_statement_can_take_back_is_said() -> None:
    (gone,) = clean_up(state(TABLE, column("b")), state(TABLE))
    assert gone.startswith("-- column public.a.b is gone")
    (rows,) = clean_up(state(TABLE, rows=3), state(TABLE, rows=2))
    assert rows.startswith("-- rows of public.a are changed")
