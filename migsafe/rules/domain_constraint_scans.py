"""ALTER DOMAIN that checks every column of the domain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.findings import Severity
from migsafe.rules.claims import Locks, Meanwhile
from migsafe.rules.rule import Match, Rule
from migsafe.sql.actions import AlterDomain
from migsafe.sql.lock_modes import LockMode

if TYPE_CHECKING:
    from migsafe.rules.context import Context


def find(action: AlterDomain, context: Context) -> Iterator[Match]:
    adds = action.what == "C" and action.constraint is not None and action.constraint.valid
    domain = context.catalog.type(action.name)
    if not (adds or action.what == "O") or (domain and domain.made_in == context.catalog.script):
        return
    what = "SET NOT NULL" if action.what == "O" else "ADD CONSTRAINT"
    yield Match(
        f"{what} of the domain {action.name} reads every table that has a column of it, all under SHARE locks: writes "
        "to them wait until the last is read.",
        f"{context.statement.text} NOT VALID;" if adds else "-- a NOT NULL of the column itself can be set by steps",
        action.name,
    )


RULE = Rule(
    id="domain-constraint-scans",
    hazard="B12",
    title="A domain's constraint reads every table that has it",
    explanation="ALTER DOMAIN … ADD CONSTRAINT and SET NOT NULL lock all tables with a column of the domain in SHARE "
    "mode and read them in one transaction. NOT VALID reads nothing and holds for new values; VALIDATE "
    "CONSTRAINT takes the same locks later.",
    on=(AlterDomain,),
    find=find,
    severity=Severity.ERROR,
    aliases=(
        "ban-alter-domain-with-add-constraint",
        "ban-alter-domain-add-constraint",
        "add-domain-constraint-without-not-valid",
        "add-domain-not-null",
        "MP043",
    ),
    claims=(Locks(LockMode.SHARE, Meanwhile.READ, relation="people"),),
    given="CREATE DOMAIN email AS text;\nCREATE TABLE people (id bigint, address email);",
    bad="ALTER DOMAIN email ADD CONSTRAINT filled CHECK (VALUE <> '');",
    good="ALTER DOMAIN email ADD CONSTRAINT filled CHECK (VALUE <> '') NOT VALID;",
)
