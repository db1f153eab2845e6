from __future__ import annotations

from migsafe.schema.diff import compare_schemas
from migsafe.schema.model import Schema, SchemaObject
from migsafe.schema.owners import without_owners
from migsafe.schema.tree import Branch, tree


def table(name: str, *columns: str, **fields: object) -> list[SchemaObject]:
    parts = [
        SchemaObject("column", f"{name}.{column}", {"position": place}, parent=name)
        for place, column in enumerate(columns, start=1)
    ]
    return [SchemaObject("table", name, fields), *parts]  # type: ignore[arg-type]


def drawn(branches: tuple[Branch, ...]) -> list[str]:
    return [
        line
        for branch in branches
        for line in (f"{branch.sign} {branch.item.name}", *(f"  {each}" for each in drawn(branch.parts)))
    ]


def test_the_parts_of_a_table_stand_below_it_and_those_of_a_removed_one_go_unsaid() -> None:
    old = Schema([*table("a", "x"), *table("b", "x"), *table("c", "x")])
    new = Schema([*table("b", "x", "y"), *table("c", "x", comment="said"), *table("d", "z", "a")])
    assert drawn(tree(compare_schemas(old, new))) == [
        "- a", "  b", "  + b.y", "~ c", "+ d", "  + d.z", "  + d.a",
    ]  # fmt: skip


def test_who_owns_and_who_granted_says_nothing_without_owners() -> None:
    def owned(by: str) -> Schema:
        privileges = [f"{by}=arwd/{by}", f"reporter=r/{by}"]
        return Schema(
            [
                SchemaObject("table", "t", {"owner": by.strip('"'), "privileges": privileges}),
                SchemaObject("column", "t.c", {"privileges": [f"reporter=w/{by}"]}, parent="t"),
                SchemaObject("default privileges", f"for role {by} on tables", {}),
            ]
        )

    assert owned("ann") != owned('"Bob B"')
    assert without_owners(owned("ann")) == without_owners(owned('"Bob B"'))
    assert without_owners(owned("ann"))["column", "t.c"].fields["privileges"] == ["reporter=w/(owner)"]
