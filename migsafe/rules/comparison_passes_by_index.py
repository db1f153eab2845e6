"""A comparison whose types keep it from using the index on its column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from migsafe.catalog import Table
from migsafe.catalog.names import column_meant
from migsafe.findings import Severity
from migsafe.rules.claims import Nothing
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.rules.values import keeps_rows
from migsafe.sql.actions import Column, CreateTable, CreateView, Delete, Insert, Query, Update
from migsafe.sql.names import Type, quoted, type_of
from migsafe.sql.scopes import Comparison, Source

if TYPE_CHECKING:
    from postgast import pg_query_pb2 as pb

    from migsafe.rules.context import Context
    from migsafe.sql.actions import Action

_INTEGERS = ("int2", "int4", "int8")
_FRACTIONS = ("numeric", "float4", "float8")


def find(_: Action, context: Context) -> Iterator[Match]:
    for use in context.uses:
        if isinstance(use, Comparison):
            yield from _side(use.left, use.right, use.levels, context)
            yield from _side(use.right, use.left, use.levels, context)


def _side(side: pb.Node, other: pb.Node, levels: Iterable[Iterable[Source]], context: Context) -> Iterator[Match]:
    """What keeps the column on one side from being looked up in an index."""
    cast = type_of(side.type_cast.type_name) if side.HasField("type_cast") else None
    meant = column_meant(side.type_cast.arg if cast else side, levels, context.catalog)
    if meant is None or context.is_new(meant[0].name) or not _is_indexed(*meant, context):
        return
    table, column = meant
    if cast and not keeps_rows(column.type, cast):
        yield _match(table, column, f"is cast to {cast}", "cast the other side instead, to")
    elif not cast and column.type.name in _INTEGERS and (kind := _fraction(other, levels, context)):
        yield _match(table, column, f"is compared with {kind}", "cast the other side to")


def _is_indexed(table: Table, column: Column, context: Context) -> bool:
    """Whether an index begins with the column, and none is on an expression, which may be just this cast."""
    indexes = context.catalog.indexes(table.name)
    return any(each.columns[:1] == (column.name,) for each in indexes) and all(all(each.columns) for each in indexes)


def _fraction(node: pb.Node, levels: Iterable[Iterable[Source]], context: Context) -> Type | None:
    """The type of what is no integer: a number with a point, a cast, a column."""
    if node.HasField("a_const") and node.a_const.HasField("fval") and not node.a_const.fval.fval.isdigit():
        return Type("numeric")
    if node.HasField("type_cast"):
        kind = type_of(node.type_cast.type_name)
    elif meant := column_meant(node, levels, context.catalog):
        kind = meant[1].type
    else:
        return None
    return kind if kind.name in _FRACTIONS and kind.schema is None and not kind.array else None


def _match(table: Table, column: Column, why: str, instead: str) -> Match:
    name = quoted(column.name)
    return Match(
        f"{name} of {table.name} {why}, so that no index on {name} is used: every row is read.",
        f"-- {instead} {column.type}",
        table.name,
    )


RULE = Rule(
    id="comparison-passes-by-index",
    hazard="J3",
    title="A comparison whose types pass by the index",
    explanation="An index on a column is used for comparisons of the column itself with a value of a type of the same "
    "family. A cast of the column, or an integer that is compared with a numeric or a float, reads the whole table, "
    "while the statement holds the locks it has.",
    on=(CreateTable, CreateView, Delete, Insert, Query, Update),
    find=find,
    severity=Severity.NOTE,
    confidence=Confidence.POSSIBLE,
    claims=(Nothing("whether an index is used is the planner's choice, by the rows that there are"),),
    given="CREATE TABLE orders (id bigint PRIMARY KEY, note text);",
    bad="UPDATE orders SET note = '' WHERE id::text = '1';",
    good="UPDATE orders SET note = '' WHERE id = '1'::bigint;",
)
