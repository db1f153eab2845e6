"""The rules on the new migrations of a run: the layer before the sandbox, which has the last word."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.errors import MigsafeError
from migsafe.findings import CheckResult, Finding, Outcome, SecondRun, Severity
from migsafe.ignores import read_ignores
from migsafe.lint.earlier import first_catalog
from migsafe.lint.project import CHECK, chosen_rules, not_analysed, result_of
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of_text
from migsafe.lint.second_run import second_run, together

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.config import LintSettings
    from migsafe.history.model import History
    from migsafe.lint.known import KnownFindings


@dataclass(frozen=True, slots=True)
class Linted:
    """What the text of a migration says: the rules' result, and what a second run would do (none: it wasn't read).

    ``not_analysed`` says what of it they couldn't take apart, and why.
    """

    result: CheckResult
    second_run: SecondRun | None = None
    not_analysed: str = ""


def lint_files(
    history: History, new: Collection[Path], settings: LintSettings, server: int, known: KnownFindings
) -> Mapping[Path, Linted]:
    """What the text says of each migration that is ``new``, by its file; the others are followed to know the catalog.

    ``server`` is the major version. A history that can't be read without running it is not checked.
    """
    linter = Linter(tuple(chosen_rules(settings)), settings.server_version or server)
    catalog = first_catalog(settings, whole=True)
    found = {}
    try:
        for text in history.texts(history.migrations, server):
            if text.file not in new:
                follow(script_of_text(text, followed=True), catalog)
                continue
            script = script_of_text(text)
            again = second_run(script, catalog)
            ignores = read_ignores((text.file,)) if known.file else ()
            findings = known.unknown(linter.lint(script, catalog), text.file, ignores)
            result = result_of(script, findings if settings.gate == "fail" else _milder(findings), settings)
            missed = not_analysed(script)
            found[text.file] = Linted(replace(result, reason=missed), again, missed)
    except MigsafeError as error:
        reason = f"the text of the migrations can't be had without running them: {error.message}"
        unread = Linted(CheckResult(CHECK, Outcome.NOT_CHECKED, reason=reason))
        return {each.up: unread for each in history.migrations if each.up in new}
    return found


def second_run_of_step(
    files: Sequence[Path], found: Mapping[Path, Linted], results: Iterable[CheckResult]
) -> SecondRun | None:
    """What the text of a step says of a second run, beside what apply-twice saw; none where the text wasn't read."""
    foretold = together(each for file in files if file in found and (each := found[file].second_run))
    seen = next((each.answer for each in results if each.check == "apply-twice" and each.answer), None)
    return foretold and replace(foretold, seen=seen)


def of_step(files: Sequence[Path], found: Mapping[Path, Linted]) -> tuple[CheckResult, ...]:
    """The result of a step, which may be several migrations."""
    results = [found[file].result for file in files if file in found]
    if len(results) < 2:
        return tuple(results)
    findings = tuple(finding for result in results for finding in result.findings)
    worst = max(results, key=lambda result: list(_WORSE).index(result.outcome))
    answer = f"{len(findings)} found" if findings else worst.answer
    reason, unread = _joined(each.reason for each in results), _joined(each.unread for each in results)
    return (replace(worst, answer=answer, reason=reason, findings=findings, unread=unread),)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


_WORSE = (Outcome.PASSED, Outcome.NOT_CHECKED, Outcome.FAILED)


def _milder(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors as warnings: the sandbox has the last word on what a migration does."""
    return tuple(
        replace(each, severity=Severity.WARNING) if each.severity is Severity.ERROR else each for each in findings
    )
