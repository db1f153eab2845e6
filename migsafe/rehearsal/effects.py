"""Tells what a step did: what it changed, how many rows each statement touched, and how long that took.

Claims nothing that could fail. After a rehearsal on a sample it also says what the whole would take at most, and that
is an estimate: a statement's time, times the rows that there are for each one in the sample. The largest such factor of
the tables that the step names counts for all its statements, since those that are sent together are timed together; and
that of all tables, where the step names anything else: a view, a new table, a function.
Whether a statement's time grows with the rows at all isn't known, which is why it says "at most".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migsafe.checks.experiment import Experiment
from migsafe.findings import CheckResult, Evidence, Finding, Outcome, Severity, Statement
from migsafe.plain import first_lines, many, shortened
from migsafe.state import compare_states

CHANGES_SHOWN = 50
STATEMENTS_SHOWN = 50
STATEMENT_WIDTH = 70

_SAYS_NOTHING = frozenset(
    ["BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "RESET", "SHOW", "DISCARD"]
)
"""First words of command tags (PostgreSQL manual, 55.7, CommandComplete) of statements that touch no row."""

_CATALOGS = ("pg_catalog", "information_schema")

_SERVERS_OWN = ("current_schema", "current_database", "current_user", "set_config", "version")
"""Functions that tools ask the server's state by; whatever else a SELECT calls may do work."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The check. ``factors`` are, by schema and name, how many rows a table has for each in the sample.

    Without any the rehearsal was on all rows, or on none, and nothing is estimated.
    """

    factors: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def __call__(self, experiment: Experiment) -> CheckResult:
        """Passed with a note, or not checked when the step failed: what it then left behind is ``apply``'s to say."""
        if not experiment.applied.succeeded:
            return CheckResult("effects", Outcome.NOT_CHECKED, reason="the first run failed")
        difference = compare_states(experiment.state_before, experiment.state_after)
        changes = difference.describe(CHANGES_SHOWN)
        books = {table.name for table in experiment.sandbox.history.version_tables}
        told = [each for each in experiment.applied.statements if _is_told(each, books)]
        factor = self._factor(told)
        rows = sum(each.rows or 0 for each in told if each.changes_rows)
        answer = many(rows, "row")
        note = Finding(
            rule="rehearse-effects",
            severity=Severity.NOTE,
            message=self._message(told, rows, factor),
            location=experiment.step.location,
            evidence=(
                Evidence("changed", "\n".join(changes) or "nothing"),
                Evidence("statements", "\n".join(first_lines([*_lines(told, factor)], STATEMENTS_SHOWN)) or "none"),
            ),
        )
        return CheckResult("effects", Outcome.PASSED, answer=answer, findings=(note,))

    def _message(self, statements: Sequence[Statement], rows: int, factor: float | None) -> str:
        seconds = sum(each.milliseconds for each in statements) / 1000
        message = f"It touches {many(rows, 'row')} and takes {seconds:,.2f} s."
        if factor is None:
            return message
        most = f"{seconds * factor:,.1f} s, if the time of every statement grows with them: an estimate."
        return f"{message} On all rows at most {most}"

    def _factor(self, statements: Sequence[Statement]) -> float | None:
        """By how much the whole is larger: the most of all tables unless every statement names only sampled ones."""
        if not self.factors:
            return None
        named = [tables_named(statement.sql) for statement in statements]
        found = [self._factors_of(*name) for names in named for name in names]
        if not all(named) or not all(found):
            return max(self.factors.values())
        return max((factor for factors in found for factor in factors), default=1.0)

    def _factors_of(self, schema: str, name: str) -> list[float]:
        """Those of every table that the name may stand for; without a schema it may be in any."""
        return [
            factor
            for (place, table), factor in self.factors.items()
            if table == name and (not schema or schema == place)
        ]


def _is_told(statement: Statement, books: Collection[str]) -> bool:
    """Not the tool's own: transactions, its books, questions to the catalogs."""
    if statement.command in _SAYS_NOTHING:
        return False
    if named := tables_named(statement.sql):
        asks = statement.command == "SELECT"
        return not all(name in books or (asks and _is_catalog(schema, name)) for schema, name in named)
    return statement.command != "SELECT" or not all(map(_is_servers_own, functions_named(statement.sql)))


def _is_catalog(schema: str, name: str) -> bool:
    """Without a schema ``pg_catalog`` is looked into before all others (manual, 5.9.5)."""
    return schema in _CATALOGS or (not schema and name.startswith("pg_"))


def _is_servers_own(function: str) -> bool:
    return function.startswith("pg_") or function in _SERVERS_OWN


def _lines(statements: Sequence[Statement], factor: float | None) -> Iterator[str]:
    for statement in statements:
        rows = "" if statement.rows is None else many(statement.rows, "row")
        most = "" if factor is None else f"{f'at most {statement.milliseconds * factor / 1000:,.1f} s':>18}  "
        yield f"{statement.milliseconds:10,.1f} ms  {rows:>14}  {most}{shortened(statement.sql, STATEMENT_WIDTH)}"


def tables_named(sql: str) -> frozenset[tuple[str, str]]:
    """Schema (empty: left to the search path) and name of every relation that the statement itself names.

    What stands in the body of a function or a DO block isn't seen; empty for what the parser can't take apart.
    """
    import postgast
    from postgast.pg_query_pb2 import RangeVar

    try:
        tree = postgast.parse(sql)
    except postgast.PgQueryError:
        return frozenset()
    return frozenset((each.schemaname, each.relname) for each in postgast.find_nodes(tree, RangeVar))


def functions_named(sql: str) -> frozenset[str]:
    """The functions that the statement itself calls, without their schemas."""
    import postgast
    from postgast.pg_query_pb2 import FuncCall

    try:
        tree = postgast.parse(sql)
    except postgast.PgQueryError:
        return frozenset()
    return frozenset(each.funcname[-1].string.sval for each in postgast.find_nodes(tree, FuncCall))
