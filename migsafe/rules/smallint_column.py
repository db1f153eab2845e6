"""A smallint column."""

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
        if column.type.schema is None and column.type.name in ("int2", "serial2"):
            yield Match(
                f"{table}.{quoted(column.name)} is of 2 bytes, and ends at 32767.",
                "-- write bigint",
                table,
            )


RULE = Rule(
    id="smallint-column",
    hazard="I2",
    title="A column is smallint, not bigint",
    explanation="smallint ends at 32767; the change to a wider type writes the table anew.",
    on=(
        CreateTable,
        AddColumn,
    ),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=("prefer-bigint-over-smallint",),
    claims=(Answers("INSERT INTO t VALUES (32768)", before="42P01", after="22003"),),
    bad="CREATE TABLE t (id smallint);",
    good="CREATE TABLE t (id bigint);",
)
