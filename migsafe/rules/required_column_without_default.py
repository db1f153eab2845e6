"""ADD COLUMN NOT NULL without a default, which fails where there are rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Confidence, Match, Rule
from migsafe.sql.actions import AddColumn
from migsafe.sql.names import Name, quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AddColumn, context: Context) -> Iterator[Match]:
    column = action.column
    if not column.not_null or column.serial or column.identity or column.generated or context.is_new(action.table):
        return
    if column.default is not None and not column.default.is_null:
        return
    if action.if_not_exists and context.catalog.column(action.table, column.name):
        return
    domain = context.catalog.type(Name(column.type.name, column.type.schema))
    if domain and domain.what == "domain":
        return  # the domain may have a default
    table, name = action.table, quoted(column.name)
    yield Match(
        f"{table}.{name} is NOT NULL and has no default: adding it fails where {table} has a row.",
        f"ALTER TABLE {table} ADD COLUMN {name} {column.type};\n"
        f"-- fill it in batches, then\nALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL;",
        table,
    )


RULE = Rule(
    id="required-column-without-default",
    hazard="C2",
    title="A column that old rows have no value for",
    explanation="ADD COLUMN … NOT NULL without a default is refused where the table has rows (SQLSTATE 23502), and the "
    "INSERTs of the application that still runs are refused after it.",
    on=(AddColumn,),
    find=find,
    severity=Severity.ERROR,
    confidence=Confidence.LIKELY,
    aliases=("adding-required-field", "MF103", "NOT_NULL", "add-column-not-null-no-default", "MP084"),
    claims=(Says("23502"),),
    given="CREATE TABLE orders (id bigint);",
    bad="ALTER TABLE orders ADD COLUMN customer bigint NOT NULL;",
    good="ALTER TABLE orders ADD COLUMN customer bigint;\n"
    "ALTER TABLE orders ADD COLUMN paid boolean NOT NULL DEFAULT false;\n"
    "ALTER TABLE orders ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;",
)
