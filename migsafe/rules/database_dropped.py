"""DROP DATABASE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Answers
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import Drop, Kind

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: Drop, _: Context) -> Iterator[Match]:
    if action.kind is Kind.DATABASE:
        yield Match(
            f"Dropping the database {action.name} loses all that is in it.",
            "-- leave it out of the migrations",
            action.name,
        )


RULE = Rule(
    id="database-dropped",
    hazard="D7",
    title="A database is dropped",
    explanation="Everything in it is lost, and PostgreSQL has no way back but a backup.",
    on=(Drop,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "ban-drop-database",
        "drop-database",
        "MP034",
    ),
    claims=(Answers("SELECT count(*) FROM pg_database WHERE datname = 'shop'", before="1", after="0"),),
    production="CREATE DATABASE shop;",
    bad="DROP DATABASE shop;",
    good="DROP TABLE IF EXISTS shop;",
)
