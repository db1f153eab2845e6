"""ALTER TABLE and CREATE INDEX behind a change of rows whose deferred checks still wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterTable,
    AlterTableOther,
    ConstraintKind,
    CreateIndex,
    DropColumn,
    DropConstraint,
    DropNotNull,
    Insert,
    Other,
    SetDefault,
    SetIdentity,
    SetNotNull,
    Update,
    ValidateConstraint,
)

if TYPE_CHECKING:
    from migsafe.catalog import Table
    from migsafe.rules.context import Context

_CHECKED_NOW = Other("constraints_set_stmt")


def find(action: AlterTable | CreateIndex, context: Context) -> Iterator[Match]:
    table = context.table(action.table)
    if table is None or not _waits(table, context):
        return
    yield Match(
        f"{action.table} is altered or indexed in the transaction that changed its rows, while checks of a deferred "
        "foreign key wait for the commit: PostgreSQL refuses it (55006).",
        f"SET CONSTRAINTS ALL IMMEDIATE; -- or in a migration of its own\n{context.statement.text};",
        action.table,
    )


def _waits(table: Table, context: Context) -> bool:
    """Whether a check of a row of the table is left for the commit."""
    deferred = [each for each in table.constraints.values() if each.deferred]
    columns = {name for each in deferred if each.kind is ConstraintKind.FOREIGN_KEY for name in each.columns}
    waits = False
    for step in context.in_same_transaction:
        if step.action == _CHECKED_NOW:
            waits = False
        elif isinstance(step.action, Insert | Update) and context.catalog.qualified(step.action.table) == table.name:
            waits = waits or _changes(step.action, columns)
    return waits


def _changes(action: Insert | Update, columns: set[str]) -> bool:
    """Whether an action writes one of the columns; an INSERT writes all of them."""
    return bool(columns) if isinstance(action, Insert) else not columns.isdisjoint(action.assigned)


RULE = Rule(
    id="altered-with-checks-waiting",
    hazard="H4",
    title="A table is altered or indexed while checks of its rows wait for the commit",
    explanation="Foreign keys that are INITIALLY DEFERRED are checked at the commit. Until then PostgreSQL refuses to "
    "alter or index the table whose rows were changed. It passes where no row is met, as on an empty database.",
    on=(
        AddColumn,
        AddConstraint,
        AlterColumnType,
        AlterTableOther,
        CreateIndex,
        DropColumn,
        DropConstraint,
        DropNotNull,
        SetDefault,
        SetIdentity,
        SetNotNull,
        ValidateConstraint,
    ),
    find=find,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    in_transaction=True,
    aliases=("MP080",),
    claims=(Says("55006"),),
    given="CREATE TABLE customers (id bigint PRIMARY KEY);\n"
    "CREATE TABLE orders (id bigint, customer bigint REFERENCES customers DEFERRABLE INITIALLY DEFERRED);",
    bad="UPDATE orders SET customer = 1 WHERE id = 2;\nALTER TABLE orders ADD COLUMN note text;",
    good="UPDATE orders SET customer = 1 WHERE id = 2;\nSET CONSTRAINTS ALL IMMEDIATE;\n"
    "ALTER TABLE orders ADD COLUMN note text;",
)
