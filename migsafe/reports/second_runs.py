"""What the text says of second runs, one line a migration, or all in one line where there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from migsafe.findings import Repeatable, Report, SecondRun

SHOWN = 12
"""More migrations than this are added up in one line."""

TITLE = "a second run, by the text"


def second_runs(report: Report) -> Iterator[tuple[str, str]]:
    """A subject and what is said of it; migrations of which text and experiment say different things come always."""
    told = [(each, each.second_run) for each in report.migrations if each.second_run and each.second_run.statements]
    few = len(told) <= SHOWN
    if not few:
        answers = Counter(run.foretold for _, run in told)
        compared = Counter(run.comparison for _, run in told if run.comparison)
        classes = sum((_classes(run) for _, run in told), Counter[Repeatable]())
        counts = (_counted(answers), _counted(classes, "statements: "), _counted(compared))
        yield f"{len(told)} migrations", "; ".join(filter(None, counts))
    for migration, run in told:
        if few or run.comparison not in (None, "agree"):
            yield migration.version, _said(run)


def _said(run: SecondRun) -> str:
    said = [f"{run.foretold} ({_counted(_classes(run), 'statements: ')})"]
    if run.seen is not None:
        said.append(f"apply-twice saw: {run.seen}")
    if run.comparison:
        said.append(run.comparison)
    return "; ".join(said)


def _classes(run: SecondRun) -> Counter[Repeatable]:
    return Counter(each.repeatable for each in run.statements)


def _counted(counts: Mapping[Any, int], what: str = "") -> str:
    most_first = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return what * bool(counts) + ", ".join(f"{number} {name}" for name, number in most_first)
