"""The objects of a catalog: frozen values, replaced whole when something about them changes.

``made_in`` is the number of the script that made the object (see :attr:`migsafe.catalog.Catalog.script`); 0 says that
it was there before, or was never seen being made.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from migsafe.sql.actions import Column, ConstraintKind, Kind
from migsafe.sql.names import Expression, Name, Type

QUALIFIED = tuple[str, str]
"""Schema and name."""


@dataclass(frozen=True, slots=True)
class KnownConstraint:
    """A constraint of a table. ``index`` is the name of the index behind it, where it has one.

    ``deferred``: it is checked at the commit.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[str, ...] = ()
    valid: bool = True
    expression: Expression | None = None
    refers_to: Name | None = None
    refers_columns: tuple[str, ...] = ()
    index: str | None = None
    deferred: bool = False
    made_in: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table (also partitioned or foreign). ``complete``: no column is unknown.

    ``parts`` are its triggers, policies and rules as (kind, name). ``gone`` are the names of columns, constraints and
    parts that were seen being dropped, for a table that isn't complete.
    """

    name: Name
    kind: Kind = Kind.TABLE
    columns: Mapping[str, Column] = field(default_factory=dict)
    constraints: Mapping[str, KnownConstraint] = field(default_factory=dict)
    parts: frozenset[tuple[Kind, str]] = frozenset()
    gone: frozenset[str] = frozenset()
    complete: bool = True
    partitioned: bool = False
    partition_of: Name | None = None
    default_partition: bool = False
    temporary: bool = False
    made_in: int = 0

    def not_null_is_proved(self, column: str, without: Collection[str] = ()) -> bool:
        """Whether a validated CHECK (column IS NOT NULL) stands, behind which SET NOT NULL scans nothing (since 12).

        ``without`` are constraints that don't count: what the same ALTER TABLE drops is gone first.
        """
        return any(
            constraint.kind is ConstraintKind.CHECK
            and constraint.name not in without
            and constraint.valid
            and constraint.expression is not None
            and column in _surely_not_null(constraint.expression)
            for constraint in self.constraints.values()
        )


def _surely_not_null(expression: Expression) -> set[str]:
    """The columns that a condition says are not null: ``a IS NOT NULL``, also joined by AND."""
    from postgast import pg_query_pb2 as pb

    found: set[str] = set()
    stack = [expression.node]
    while stack:
        node = stack.pop()
        if node.HasField("bool_expr") and node.bool_expr.boolop == pb.AND_EXPR:
            stack += node.bool_expr.args
        elif node.HasField("null_test") and node.null_test.nulltesttype == pb.IS_NOT_NULL:
            found.update(Expression(node.null_test.arg).columns[:1])
    return found


@dataclass(frozen=True, slots=True)
class Index:
    """``columns`` holds a none for each expression. ``constraint`` is the one it stands behind."""

    name: Name
    table: Name
    columns: tuple[str | None, ...]
    unique: bool = False
    valid: bool = True
    method: str = "btree"
    predicate: Expression | None = None
    constraint: str | None = None
    concurrently: bool = False
    made_in: int = 0


@dataclass(frozen=True, slots=True)
class Sequence:
    """``owned_by`` is the table and column it goes with."""

    name: Name
    owned_by: tuple[Name, str] | None = None
    made_in: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """``columns`` is none where they can't be told; ``reads`` are the relations it is made of."""

    name: Name
    columns: tuple[str, ...] | None = None
    reads: tuple[Name, ...] = ()
    materialized: bool = False
    made_in: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """A type, function, schema, extension or anything else that is known by its name. ``values`` are an enum's.

    ``volatile`` says of a function that each call may give another value. ``base`` is the type of a domain's values,
    and ``checked`` says that it has constraints.
    """

    kind: Kind
    name: Name
    what: str = ""
    values: tuple[str, ...] = ()
    made_in: int = 0
    volatile: bool = False
    base: Type | None = None
    checked: bool = False


Relation = Table | Index | Sequence | View
