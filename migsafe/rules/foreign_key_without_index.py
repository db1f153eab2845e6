"""A foreign key whose columns no index begins with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rules.claims import Answers
from migsafe.rules.constraints import written
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddColumn, AddConstraint, ConstraintKind, CreateIndex, CreateTable
from migsafe.sql.names import Name, quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddConstraint | AddColumn | CreateTable, context: Context) -> Iterator[Match]:
    for table, constraint in written(action):
        if constraint.kind is not ConstraintKind.FOREIGN_KEY:
            continue
        known = context.table(table)
        if known and not known.complete:
            continue  # it may have indexes that were never seen
        if known is None and not isinstance(action, CreateTable):
            continue
        wanted = set(constraint.columns)
        if any(set(columns[: len(wanted)]) == wanted for columns in _indexes(table, action, context)):
            continue
        columns = ", ".join(quoted(each) for each in constraint.columns)
        name = quoted("_".join((table.name, *constraint.columns, "idx")))
        yield Match(
            f"No index of {table} begins with {columns}: every DELETE of a row of {constraint.refers_to} reads the "
            f"whole of {table}.",
            f"CREATE INDEX CONCURRENTLY {name} ON {table} ({columns}); -- outside of a transaction",
            table,
        )


def _indexes(table: Name, action: object, context: Context) -> Iterator[tuple[str | None, ...]]:
    """The columns of each index of the table: those that are there, come with it, or come later in the script."""
    yield from (index.columns for index in context.catalog.indexes(table) if index.predicate is None)
    if isinstance(action, CreateTable):
        yield from (each.columns for each in action.all_constraints if each.kind in _WITH_INDEX)
    for step in context.later:
        later = step.action
        if not isinstance(later, CreateIndex | AddConstraint) or later.table.name != table.name:
            continue
        if isinstance(later, AddConstraint):
            yield later.constraint.columns if later.constraint.kind in _WITH_INDEX else ()
        elif later.predicate is None:
            yield later.columns


_WITH_INDEX = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE)

RULE = Rule(
    id="foreign-key-without-index",
    hazard="A9",
    title="A foreign key without an index",
    explanation="PostgreSQL makes no index for the columns that refer. A DELETE of a row that may be referred to, or a "
    "change of its key, then reads the whole referring table, while the row is locked.",
    on=(AddConstraint, AddColumn, CreateTable),
    find=find,
    confidence=Confidence.LIKELY,
    default=False,
    aliases=("E15", "fk-without-covering-index", "fk-missing-index", "MP016"),
    claims=(
        Answers(
            "UPDATE customers SET id = -id WHERE id = 1; SELECT pg_stat_get_xact_numscans('orders'::regclass)",
            before="42P01",
            after="1",
        ),
    ),
    given="CREATE TABLE customers (id bigint PRIMARY KEY);",
    bad="CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers);",
    good="CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES customers);\n"
    "CREATE INDEX orders_customer ON orders (customer);",
)
