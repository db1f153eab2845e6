"""What the text of a migration says of a second run, for the report."""

from __future__ import annotations

from collections.abc import Iterable

from migsafe.catalog import Catalog
from migsafe.findings import SecondRun, StatementAgain
from migsafe.lint.script import Script
from migsafe.rerun import rerun


def second_run(script: Script, before: Catalog) -> SecondRun:
    """What a second run of the script would do. ``before``, which stays as it is, is what the first one finds."""
    found = rerun(script.statements, before, complete=not script.not_analysed)
    statements = (
        StatementAgain(script.place(each.statement.offset), each.said.repeatable, each.said.reason)
        for each in found.statements
    )
    return SecondRun(found.answer, tuple(statements))


_WORST = ("refuses", "unknown", "diverges", "depends on rows", "idempotent")


def together(runs: Iterable[SecondRun]) -> SecondRun | None:
    """What is said of a step that is several migrations, each of them run twice by itself; none for no migration."""
    runs = tuple(runs)
    if len(runs) < 2:
        return runs[0] if runs else None
    worst = min((each.foretold for each in runs), key=_WORST.index)
    return SecondRun(worst, tuple(statement for each in runs for statement in each.statements))
