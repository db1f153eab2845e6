"""A serial column where an identity would do."""

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
        if column.serial:
            yield Match(
                f"{table}.{quoted(column.name)} is serial, not an identity.",
                "-- write bigint GENERATED ALWAYS AS IDENTITY",
                table,
            )


RULE = Rule(
    id="serial-column",
    hazard="I3",
    title="A column is serial, not an identity",
    explanation="An identity column belongs to its table whole: no grant on its sequence is needed, and the sequence "
    "can't be lost.",
    on=(
        CreateTable,
        AddColumn,
    ),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=(
        "prefer-identity",
        "MP039",
    ),
    claims=(
        Answers(
            "GRANT INSERT ON t TO pg_monitor; SET ROLE pg_monitor; INSERT INTO t DEFAULT VALUES",
            before="42P01",
            after="42501",
        ),
    ),
    bad="CREATE TABLE t (id bigserial);",
    good="CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY);",
)
