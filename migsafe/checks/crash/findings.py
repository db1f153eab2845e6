"""From verdicts to findings: one for each distinct trouble, however many crash points lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from migsafe.checks.crash.clean_up import clean_up
from migsafe.checks.crash.verdicts import Verdict, Word
from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.plain import many
from migsafe.state import compare_states

if TYPE_CHECKING:
    from migsafe.checks.crash.points import Point
    from migsafe.checks.experiment import Experiment
    from migsafe.sandbox import TracedRun

LINES_SHOWN = 20
POINTS_SHOWN = 5

ORDER = (Word.SILENTLY_WRONG, Word.STUCK, Word.BLOCKED)

Judged = tuple[Verdict, Sequence["Point"]]


def findings(experiment: Experiment, judged: Iterable[Judged]) -> list[Finding]:
    """The findings, the worst first. Verdicts that say the same of different points are one."""
    troubles: dict[object, list[Judged]] = {}
    for each in judged:
        if each[0].word is not Word.CONVERGES:
            troubles.setdefault(_trouble(each[0]), []).append(each)
    ordered = sorted(troubles.values(), key=lambda trouble: ORDER.index(trouble[0][0].word))
    return [_finding(experiment, trouble) for trouble in ordered]


def _trouble(verdict: Verdict) -> object:
    """What makes two verdicts the same trouble: the answer, the error, and which objects and tables differ."""
    if verdict.word is Word.BLOCKED:
        return verdict.word
    if verdict.word is Word.STUCK:
        return verdict.word, verdict.run.error
    tables = (table.name for table in verdict.difference.contents.tables)
    return verdict.word, *verdict.difference.schema.lines(), *tables


def _finding(experiment: Experiment, trouble: Sequence[Judged]) -> Finding:
    verdict, points = trouble[0]
    place = points[0].statement.location
    return Finding(
        rule=f"crash-{verdict.word.replace(' ', '-')}",
        severity=Severity.NOTE if verdict.word is Word.BLOCKED else Severity.ERROR,
        message=_MESSAGES[verdict.word],
        remedy=_remedy(verdict),
        location=place if place != Location() else experiment.step.location,
        evidence=tuple(_evidence(experiment, trouble)),
    )


_MESSAGES = {
    Word.SILENTLY_WRONG: "If the migration dies at the wrong moment, a second run says success, and the database is "
    "not what it must be.",
    Word.STUCK: "If the migration dies at the wrong moment, a second run fails, and somebody has to clean up by hand.",
    Word.BLOCKED: "If the migration dies at the wrong moment, the tool refuses to go on until its own version table is "
    "put right by hand. Nothing else is to be done.",
}


def _remedy(verdict: Verdict) -> str | None:
    if verdict.word is Word.BLOCKED:
        return None
    invalid = any(item.fields.get("invalid") for item in verdict.left.schema.of_kind("index"))
    if invalid and verdict.word is Word.SILENTLY_WRONG:
        return (
            "Drop what a build that died left behind before building again (DROP INDEX CONCURRENTLY IF EXISTS): "
            "IF NOT EXISTS takes an INVALID index for the real one."
        )
    if verdict.word is Word.SILENTLY_WRONG:
        return (
            "Let each statement find out what is still to be done (WHERE the old value still stands), or put all of "
            "it into one transaction."
        )
    return (
        "Let each statement pass over what the first run did (IF [NOT] EXISTS; DROP INDEX CONCURRENTLY IF EXISTS "
        "before a concurrent build), or put all of it into one transaction."
    )


def _evidence(experiment: Experiment, trouble: Sequence[Judged]) -> Iterator[Evidence]:
    verdict = trouble[0][0]
    yield Evidence("dies", "\n".join(_points([point for _, points in trouble for point in points])))
    left = (
        *compare_states(experiment.state_before, verdict.left).describe(LINES_SHOWN),
        *(f"version table {table}: {row or 'empty'}" for table, row in verdict.books.items()),
    )
    yield Evidence("left behind", "\n".join(left) or "nothing")
    if verdict.run.succeeded:
        yield Evidence("second run", "success")
    else:
        yield from _failure("second run", verdict.run)
    if verdict.forced is not None and verdict.word is Word.STUCK:
        if verdict.forced.succeeded:
            yield Evidence("with the version table put back", "success, and the database is not what it must be")
        else:
            yield from _failure("with the version table put back", verdict.forced)
    if verdict.word is Word.SILENTLY_WRONG or verdict.forced:
        yield from _wrong(verdict)
    yield Evidence("clean up", "\n".join(dict.fromkeys(_way_out(experiment, each) for each, _ in trouble)))


def _wrong(verdict: Verdict) -> Iterator[Evidence]:
    if verdict.difference:
        yield Evidence("wrong", "\n".join(verdict.difference.describe(LINES_SHOWN)))
        yield from verdict.samples


def _points(points: Sequence[Point]) -> Iterator[str]:
    yield from dict.fromkeys(str(point) for point in points[:POINTS_SHOWN])
    if len(points) > POINTS_SHOWN:
        yield f"… and at {many(len(points) - POINTS_SHOWN, 'more point')}"


def _failure(label: str, run: TracedRun) -> Iterator[Evidence]:
    yield Evidence(label, run.error)
    if run.failed_statement:
        yield Evidence("statement", run.failed_statement.sql.strip())


def _way_out(experiment: Experiment, verdict: Verdict) -> str:
    """What leads out: where all the work is done, an entry in the books; else back to the start, books included."""
    history, target = experiment.sandbox.history, experiment.step.target
    lines: list[str] = []
    if verdict.done and not verdict.run.succeeded:
        lines.append("-- all that the migration does is done; book it:")
        lines.append((target and history.stamp(target.version)) or _BY_HAND)
        return "\n".join(lines)
    if verdict.word is not Word.BLOCKED:
        lines.extend(clean_up(experiment.state_before, verdict.left))
    if verdict.forced:
        lines.append("-- not all that the migration does is done; book what came before it:")
        lines.append((target and history.stamp(target.parents[0] if target.parents else None)) or _BY_HAND)
    return "\n".join((*lines, "-- then run the migration again"))


_BY_HAND = "-- in the tool's own way, or in its version table by hand"
