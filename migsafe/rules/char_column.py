"""char(n)."""

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
        if column.type.schema is None and column.type.name == "bpchar":
            yield Match(
                f"{table}.{quoted(column.name)} is char, which is padded with blanks.",
                "-- write text",
                table,
            )


RULE = Rule(
    id="char-column",
    hazard="I6",
    title="A column is char(n)",
    explanation="char pads with blanks, is no faster than text, and compares in ways that surprise.",
    on=(
        CreateTable,
        AddColumn,
    ),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=(
        "ban-char-field",
        "MP041",
    ),
    claims=(Answers("INSERT INTO t VALUES ('ab') RETURNING (code LIKE 'ab')::text", before="42P01", after="false"),),
    bad="CREATE TABLE t (code char(3));",
    good="CREATE TABLE t (code text);",
)
