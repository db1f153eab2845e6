"""varchar(n) where text would do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.rules.values import written_columns
from migsafe.sql.actions import AddColumn, CreateTable
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateTable | AddColumn, _: Context) -> Iterator[Match]:
    for table, column in written_columns(action):
        if column.type.schema is None and column.type.name == "varchar" and column.type.modifiers:
            yield Match(
                f"{table}.{quoted(column.name)} is varchar with a length, not text.",
                "-- write text, with a CHECK of the length where it matters",
                table,
            )


RULE = Rule(
    id="varchar-column",
    hazard="I4",
    title="A column is varchar(n), not text",
    explanation="text with a CHECK of its length is as fast, and its bound can be changed without a lock that lasts.",
    on=(
        CreateTable,
        AddColumn,
    ),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=(
        "prefer-text-field",
        "MP037",
    ),
    claims=(Answers("INSERT INTO t VALUES (repeat('x', 21))", before="42P01", after="22001"),),
    bad="CREATE TABLE t (name varchar(20));",
    good="CREATE TABLE t (name text);",
)
