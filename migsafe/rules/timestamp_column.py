"""timestamp without time zone."""

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
        if column.type.schema is None and column.type.name == "timestamp":
            yield Match(
                f"{table}.{quoted(column.name)} is a timestamp without time zone.",
                "-- write timestamptz",
                table,
            )


RULE = Rule(
    id="timestamp-column",
    hazard="I5",
    title="A column is timestamp without time zone",
    explanation="timestamp forgets the zone: the same value means another moment to a session elsewhere.",
    on=(
        CreateTable,
        AddColumn,
    ),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=(
        "prefer-timestamp-tz",
        "prefer-timestamptz",
        "MP040",
    ),
    claims=(
        Answers(
            "SET TimeZone = 'UTC'; "
            "INSERT INTO t VALUES ('2020-01-01 00:00+05') RETURNING (made = '2020-01-01 00:00+05'::timestamptz)::text",
            before="42P01",
            after="false",
        ),
    ),
    bad="CREATE TABLE t (made timestamp);",
    good="CREATE TABLE t (made timestamptz);",
)
