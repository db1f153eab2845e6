"""Names, types and expressions of SQL as values, written back as a user would write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import postgast
from postgast import pg_query_pb2 as pb

from migsafe.sql.identifiers import quoted as quoted  # also for who has names from here


@dataclass(frozen=True, slots=True)
class Name:
    """The name of an object, with its schema if that was written or is known. ``str`` gives SQL."""

    name: str
    schema: str | None = None

    def __str__(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}" if self.schema else quoted(self.name)

    def beside(self, name: str) -> Name:
        """Another name in the same schema."""
        return Name(name, self.schema)


@dataclass(frozen=True, slots=True)
class Type:
    """A type as PostgreSQL calls it inside (``int4``, ``varchar``, ``timestamptz``), with its modifiers.

    ``schema`` is none for built-in types. ``serial`` stays ``serial4`` here, for what it is written as.
    """

    name: str
    modifiers: tuple[int, ...] = ()
    array: bool = False
    schema: str | None = None

    def __str__(self) -> str:
        name = (
            _SPOKEN.get(self.name, self.name) if self.schema is None else f"{quoted(self.schema)}.{quoted(self.name)}"
        )
        modifiers = f"({', '.join(map(str, self.modifiers))})" if self.modifiers else ""
        if name.endswith(" time zone"):
            head, _, tail = name.partition(" ")
            return f"{head}{modifiers} {tail}{'[]' if self.array else ''}"
        return f"{name}{modifiers}{'[]' if self.array else ''}"


_SPOKEN = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "bpchar": "char",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "serial2": "smallserial",
    "serial4": "serial",
    "serial8": "bigserial",
}
"""What PostgreSQL's inner names are called in SQL."""

_INNER = {"serial": "serial4", "bigserial": "serial8", "smallserial": "serial2"}


@dataclass(frozen=True)
class Expression:
    """An expression by its parse tree. Its SQL, functions and columns are worked out when they are asked for."""

    node: pb.Node

    @cached_property
    def sql(self) -> str:
        """The expression as PostgreSQL's grammar writes it."""
        select = pb.SelectStmt(target_list=[pb.Node(res_target=pb.ResTarget(val=self.node))])
        select.limit_option = pb.LIMIT_OPTION_DEFAULT
        select.op = pb.SETOP_NONE
        tree = pb.ParseResult(stmts=[pb.RawStmt(stmt=pb.Node(select_stmt=select))])
        return postgast.deparse(tree).removeprefix("SELECT ")

    def __str__(self) -> str:
        return self.sql

    def __hash__(self) -> int:
        return hash(self.node.SerializeToString(deterministic=True))

    @cached_property
    def functions(self) -> tuple[Name, ...]:
        """The functions that are called in it, ``CURRENT_TIMESTAMP`` and its kin by their own names."""
        return tuple(_functions(self.node))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that are named in it, without what qualifies them."""
        found = (node for node in nodes(self.node) if isinstance(node, pb.ColumnRef))
        return tuple(dict.fromkeys(ref.fields[-1].string.sval for ref in found if ref.fields[-1].HasField("string")))

    @property
    def is_null(self) -> bool:
        """Whether it is the constant NULL, cast or not."""
        node = self.node
        while node.HasField("type_cast"):
            node = node.type_cast.arg
        return bool(node.HasField("a_const") and node.a_const.isnull)


def _functions(node: pb.Node) -> Iterator[Name]:
    for each in nodes(node):
        if isinstance(each, pb.FuncCall):
            yield name_of(each.funcname)
        elif isinstance(each, pb.SQLValueFunction):
            yield Name(pb.SQLValueFunctionOp.Name(each.op).removeprefix("SVFOP_").lower())


_LEAVES = (pb.String, pb.Integer, pb.Float, pb.Boolean, pb.BitString, pb.A_Star)
"""Messages that hold no others."""


def nodes(tree: Any) -> Iterator[Any]:
    """Every message of a parse tree, from the outside in; the wrappers (``Node``) are passed over."""
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, pb.Node):
            kind = node.WhichOneof("node")
            if kind:
                stack.append(getattr(node, kind))
            continue
        yield node
        if not isinstance(node, _LEAVES):
            below: list[Any] = []
            for field, value in node.ListFields():
                if field.message_type is not None:
                    below += value if field.is_repeated else (value,)
            stack += reversed(below)


def words(parts: object) -> tuple[str, ...]:
    """The texts of a list of String nodes."""
    return tuple([part.string.sval for part in parts])  # type: ignore[attr-defined]


def name_of(parts: object) -> Name:
    """A name from a list of String nodes; a catalog (database) in front is left out."""
    texts = words(parts)
    return Name(texts[-1], texts[-2] if len(texts) > 1 else None)


def relation_name(relation: pb.RangeVar) -> Name:
    """The name of a table, index, view or sequence."""
    return Name(relation.relname, relation.schemaname or None)


def type_of(node: pb.TypeName) -> Type:
    """A type as written."""
    name = name_of(node.names)
    schema = None if name.schema == "pg_catalog" else name.schema
    modifiers = tuple(each.a_const.ival.ival for each in node.typmods if each.HasField("a_const"))
    if name.name == "bpchar" and not modifiers and schema is None and name.schema == "pg_catalog":
        modifiers = (1,)
    if name.name == "interval" and modifiers and modifiers[0] == 0x7FFF:
        modifiers = modifiers[1:]
    return Type(_INNER.get(name.name, name.name), modifiers, bool(node.array_bounds), schema)
