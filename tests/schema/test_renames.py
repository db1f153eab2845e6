"""What looks like a new name is told where it is the only one that does."""

from __future__ import annotations

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import compare_schemas
from migsafe.schema.model import Schema, SchemaObject
from migsafe.schema.renames import likely_renames


def table(name: str, **columns: str) -> list[SchemaObject]:
    return [
        SchemaObject("table", name, {}),
        *(
            SchemaObject("column", f"{name}.{column}", {"type": kind, "position": place}, parent=name)
            for place, (column, kind) in enumerate(columns.items(), start=1)
        ),
    ]


def told(old: list[SchemaObject], new: list[SchemaObject]) -> list[str]:
    before, after = Catalog(Schema(old)), Catalog(Schema(new))
    return list(likely_renames(compare_schemas(before.schema, after.schema), before, after))


def test_a_column_gone_and_one_like_it_come_may_be_one_column() -> None:
    old, new = table("public.t", id="bigint", mail="text"), table("public.t", id="bigint", email="text")
    assert told(old, new) == ["ALTER TABLE public.t RENAME COLUMN mail TO email"]
    assert told(old, table("public.t", id="bigint", email="varchar")) == []
    assert told(old, old) == []


def test_a_rival_makes_it_unsure() -> None:
    old = table("public.t", id="bigint", mail="text")
    assert told(old, table("public.t", id="bigint", email="text", other="text")) == []
    assert told(old, [*table("public.t", id="bigint"), *table("public.u", mail="text")]) == []


def test_a_table_with_the_same_columns_may_be_one_table() -> None:
    old, new = table("public.orders", id="bigint", total="int"), table('public."Sales"', id="bigint", total="int")
    assert told(old, new) == ['ALTER TABLE public.orders RENAME TO "Sales"']
    assert told(old, table("shop.orders", id="bigint", total="int")) == []
    assert told(old, [*new, *table("public.more", id="bigint", total="int")]) == []
