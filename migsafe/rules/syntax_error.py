"""Text that isn't SQL. The parser finds it; this is its description."""

from __future__ import annotations

from migsafe.findings import Severity
from migsafe.rules.claims import Says
from migsafe.rules.rule import Rule

RULE = Rule(
    id="syntax-error",
    hazard="I11",
    title="A statement that PostgreSQL's grammar refuses",
    explanation="The grammar is that of PostgreSQL 18, so that every older server refuses it as well. The statement is "
    "not analysed, and what it was meant to make isn't known to what follows.",
    on=(),
    find=lambda *_: (),
    severity=Severity.ERROR,
    claims=(Says("42601"),),
    bad="CRAETE TABLE t (id bigint);",
    good="CREATE TABLE t (id bigint);",
)
