from __future__ import annotations

import psycopg
import pytest

from migsafe.differences.reading import read_catalog
from migsafe.postgres.server import Server
from migsafe.schema.catalog import Catalog
from migsafe.schema.compatibility.judge import judge, with_order
from migsafe.schema.compatibility.types import Fit, fit
from migsafe.schema.model import Json, Schema, SchemaObject
from tests.fix_state import fresh_database


def column(name: str, kind: str = "text", *, place: int = 1, **fields: Json) -> SchemaObject:
    return SchemaObject("column", f"public.t.{name}", {"type": kind, "position": place, **fields}, parent="public.t")


def catalog(*items: SchemaObject) -> Catalog:
    return Catalog(Schema([SchemaObject("table", "public.t", {}), *items]))


def rules(old: Catalog, new: Catalog) -> list[str]:
    return [finding.rule.removeprefix("compatibility-") for finding in judge(old, new).breaks]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("character varying(40)", "character varying(80)", Fit.WIDER),
        ("character varying(40)", "text", Fit.WIDER),
        ("text", "character varying(40)", Fit.NARROWER),
        ("integer", "bigint", Fit.WIDER),
        ("bigint", "integer", Fit.NARROWER),
        ("integer", "numeric(10,2)", Fit.NARROWER),
        ("integer", "numeric", Fit.WIDER),
        ("numeric(10,2)", "numeric(12,2)", Fit.WIDER),
        ("numeric(10,2)", "numeric(10,3)", Fit.NARROWER),
        ("timestamp(3) without time zone", "timestamp without time zone", Fit.WIDER),
        ("timestamp without time zone", "timestamp with time zone", Fit.OTHER),
        ("time without time zone", "timestamp without time zone", Fit.OTHER),
        ("text", "integer", Fit.OTHER),
        ("integer", "integer[]", Fit.OTHER),
        ("integer[]", "bigint[]", Fit.WIDER),
        ("date", "timestamp without time zone", Fit.OTHER),
        ('shop."Odd type"', "text", Fit.OTHER),
    ],
)
def test_a_type_takes_more_or_less_or_something_else(old: str, new: str, expected: Fit) -> None:
    assert fit(old, new) is expected


def test_a_new_column_breaks_the_old_application_only_when_it_must_be_given() -> None:
    old = catalog(column("a"))
    assert rules(old, catalog(column("a"), column("b"))) == []
    assert rules(old, catalog(column("a"), column("b", not_null=True, default="''::text"))) == []
    assert rules(old, catalog(column("a"), column("b", not_null=True, identity="always"))) == []
    assert rules(old, catalog(column("a"), column("b", not_null=True))) == ["column-required"]


def test_what_a_partition_inherits_is_told_of_its_parent() -> None:
    def parted(*columns: str) -> Catalog:
        items = [SchemaObject("table", "public.p", {"partition_bound": "DEFAULT", "inherits": ["public.t"]})]
        for name in columns:
            fields: dict[str, Json] = {"type": "text", "position": 1, "inherited": True}
            items.append(SchemaObject("column", f"public.p.{name}", fields, parent="public.p"))
        return catalog(*(column(name) for name in columns), *items)

    (finding,) = judge(parted("a", "b"), parted("a")).breaks
    assert finding.location.object == "public.t.b"


def test_a_new_name_is_told_by_likeness_when_only_one_column_can_be_meant() -> None:
    old = catalog(column("a", "date"), column("x"))
    (finding,) = judge(old, catalog(column("b", "date"), column("x"))).breaks
    assert finding.rule == "compatibility-column-renamed"
    assert "as it seems from its likeness" in finding.message
    assert rules(old, catalog(column("b", "date"), column("c", "date"), column("x"))) == ["column-removed"]
    rivals = catalog(column("a", "date"), column("c", "date"), column("x"))
    assert rules(rivals, catalog(column("b", "date"), column("x"))) == ["column-removed", "column-removed"]


def test_a_view_under_the_old_name_keeps_the_old_application_going() -> None:
    old = catalog(column("a"))
    new = Schema(
        [
            SchemaObject("table", "public.u", {}),
            SchemaObject("column", "public.u.a", {"type": "text", "position": 1}, parent="public.u"),
            SchemaObject("view", "public.t", {}),
            column("a"),
        ]
    )
    assert rules(old, Catalog(new)) == []
    assert rules(old, Catalog(new.without(["public.t"]))) == ["table-renamed"]


def test_a_constraint_over_new_columns_alone_is_none_the_old_application_meets() -> None:
    def checked(name: str) -> Catalog:
        constraint = SchemaObject("constraint", "c on public.t", {"definition": f"CHECK ({name} > 0)"}, "public.t")
        return Catalog(
            Schema([SchemaObject("table", "public.t", {}), column("a"), column("b"), constraint]),
            {constraint.key: frozenset({("column", f"public.t.{name}")})},
        )

    assert rules(catalog(column("a")), checked("b")) == []
    assert rules(catalog(column("a")), checked("a")) == ["constraint-added"]


KEYS = [
    ("a int UNIQUE", "a int", "(a)"),
    ("a int PRIMARY KEY", "a int", "(a)"),
    ("a int, b int, UNIQUE (a)", "a int, b int, UNIQUE (a, b)", "(a)"),
    ("a int UNIQUE", "a int PRIMARY KEY", None),
    ("a int, b int, UNIQUE (a) INCLUDE (b) WITH (fillfactor = 70)", "a int, b int, CONSTRAINT other UNIQUE (a)", None),
    ("a int, b int UNIQUE", "a int", None),
]


@pytest.mark.parametrize(("before", "after", "target"), KEYS)
def test_a_key_that_goes_is_told_where_on_conflict_could_name_it(
    server: Server, before: str, after: str, target: str | None
) -> None:
    with fresh_database(server) as old, fresh_database(server) as new:
        old.execute(f"CREATE TABLE t ({before})".encode())
        new.execute(f"CREATE TABLE t ({after})".encode())
        found = [each for each in judge(read_catalog(old), read_catalog(new)).breaks if "key-removed" in each.rule]
        assert all(f"ON CONFLICT {target} is refused" in each.message for each in found)
        assert len(found) == (target is not None)
        if target:
            upsert = f"INSERT INTO t (a) VALUES (1) ON CONFLICT {target} DO NOTHING".encode()
            old.execute(upsert)
            with pytest.raises(psycopg.errors.InvalidColumnReference):
                new.execute(upsert)


def test_no_order_of_deploying_is_safe_when_both_need_their_own_schema() -> None:
    impact = judge(catalog(column("a", "date")), catalog(column("b", "integer")))
    assert impact.no_order_is_safe
    (finding,) = with_order(impact)
    assert finding.evidence[-1].text == "column public.t.b isn't there yet"
    assert not judge(catalog(column("a"), column("b")), catalog(column("a"))).no_order_is_safe


def test_what_the_old_schema_still_refuses_is_said_with_what_it_enforces() -> None:
    refers = SchemaObject(
        "constraint", "public.t.t_b_fkey", {"definition": "FOREIGN KEY (b) REFERENCES public.gone(id)"}, "public.t"
    )
    old = catalog(column("b", "integer", not_null=True), refers, SchemaObject("table", "public.gone", {}))
    assert judge(old, catalog(column("b", "bigint"))).needed_first == (
        "column public.t.b still refuses NULL",
        "column public.t.b is still integer, which takes less than bigint",
        "table public.t still enforces t_b_fkey, FOREIGN KEY (b) REFERENCES public.gone(id)",
    )


def test_equal_schemas_break_nobody() -> None:
    impact = judge(catalog(column("a")), catalog(column("a")))
    assert (impact.breaks, impact.needed_first) == ((), ())
