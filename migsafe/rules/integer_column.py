"""An integer column where bigint would never run out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.edits import Edit, Fix, type_words
from migsafe.rules.rule import Match, Rule
from migsafe.rules.values import written_columns
from migsafe.sql.actions import AddColumn, CreateTable
from migsafe.sql.names import quoted

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: CreateTable | AddColumn, context: Context) -> Iterator[Match]:
    for table, column in written_columns(action):
        if column.type.schema is None and column.type.name in ("int4", "serial4"):
            yield Match(
                f"{table}.{quoted(column.name)} is of 4 bytes, and ends at 2147483647.",
                "-- write bigint",
                table,
                fixes=_fixes(column.name, context),
            )


_WIDER = {"INT": "bigint", "INTEGER": "bigint", "INT4": "bigint", "SERIAL": "bigserial", "SERIAL4": "bigserial"}


def _fixes(column: str, context: Context) -> tuple[Fix, ...]:
    edits = [
        Edit(word.start, word.end, _WIDER[word.text.upper()])
        for word in type_words(context.statement, column)
        if word.text.upper() in _WIDER
    ]
    return (tuple(edits),) if edits else ()


RULE = Rule(
    id="integer-column",
    hazard="I1",
    title="A column is integer, not bigint",
    explanation="integer ends at 2147483647; the change to bigint writes the table anew.",
    on=(
        CreateTable,
        AddColumn,
    ),
    find=find,
    severity=Severity.NOTE,
    default=False,
    aliases=(
        "prefer-bigint-over-int",
        "prefer-bigint-primary-key",
        "MP038",
        "MP068",
    ),
    claims=(Answers("INSERT INTO t VALUES (2147483648)", before="42P01", after="22003"),),
    bad="CREATE TABLE t (id integer);",
    good="CREATE TABLE t (id bigint);",
)
