"""The rules on the new migrations of a run: the layer before the sandbox, which overrules them where it measured."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migsafe.errors import MigsafeError
from migsafe.findings import CheckResult, Evidence, Finding, Outcome, SecondRun, Severity, Statement
from migsafe.ignores import read_ignores
from migsafe.lint.project import CHECK, chosen_rules, first_catalog, result_of
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import script_of_text
from migsafe.lint.second_run import second_run, together
from migsafe.rules import Rule, rules
from migsafe.rules.claims import Locks, Meanwhile

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.config import LintSettings
    from migsafe.history.model import History
    from migsafe.lint.known import KnownFindings


@dataclass(frozen=True, slots=True)
class Linted:
    """What the text of a migration says: the rules' result, and what a second run would do (none: it wasn't read)."""

    result: CheckResult
    second_run: SecondRun | None = None


def lint_files(
    history: History, new: Collection[Path], settings: LintSettings, server: int, known: KnownFindings
) -> Mapping[Path, Linted]:
    """What the text says of each migration that is ``new``, by its file; the others are followed to know the catalog.

    ``server`` is the major version. A history that can't be read without running it is not checked.
    """
    linter = Linter(tuple(chosen_rules(settings)), settings.server_version or server)
    catalog = first_catalog(settings)
    catalog.complete = True
    found = {}
    try:
        for text in history.texts(history.migrations, server):
            if text.file not in new:
                follow(script_of_text(text, followed=True), catalog)
                continue
            script = script_of_text(text)
            again = second_run(script, catalog)
            ignores = read_ignores((text.file,)) if known.file else ()
            result = result_of(script, known.unknown(linter.lint(script, catalog), text.file, ignores), settings)
            if script.not_analysed and result.outcome is Outcome.PASSED:
                missed = "; ".join(f"{each.location}: {each.reason}" for each in script.not_analysed)
                result = replace(result, reason=f"not analysed: {missed}")
            found[text.file] = Linted(result if settings.gate == "fail" else _milder(result), again)
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
    return (replace(worst, answer=answer, findings=findings),)


_WORSE = (Outcome.PASSED, Outcome.NOT_CHECKED, Outcome.FAILED)


def _milder(result: CheckResult) -> CheckResult:
    """Errors as warnings: the sandbox has the last word on what a migration does."""
    findings = tuple(
        replace(each, severity=Severity.WARNING) if each.severity is Severity.ERROR else each
        for each in result.findings
    )
    if result.outcome is not Outcome.FAILED:
        return replace(result, findings=findings)
    return replace(result, outcome=Outcome.PASSED, answer=f"{len(findings)} found", findings=findings)


def overruled(result: CheckResult, statements: Sequence[Statement]) -> CheckResult:
    """The result after what was measured: a rewrite that a rule foretold is confirmed, or the finding withdrawn.

    Nothing is overruled where no statement's locks were seen, as in a run that wasn't traced.
    """
    if not any(statement.locks for statement in statements):
        return result
    rewritten = {each.relation for statement in statements for each in statement.rewrites}
    findings = tuple(_kept(result.findings, rewritten))
    answer = (
        result.answer if len(findings) == len(result.findings) else f"{len(findings)} found" if findings else "clean"
    )
    return replace(result, findings=findings, answer=answer)


def _kept(findings: Iterable[Finding], rewritten: set[str]) -> Iterable[Finding]:
    for finding in findings:
        rule = rules().get(finding.rule)
        if rule is None or not _is_of_rewrite(rule) or finding.location.object is None:
            yield finding
        elif _is_among(finding.location.object, rewritten):
            measured = Evidence("measured", f"the sandbox saw {finding.location.object} being written anew")
            yield replace(finding, evidence=(*finding.evidence, measured))


def _is_of_rewrite(rule: Rule) -> bool:
    return any(isinstance(claim, Locks) and claim.meanwhile is Meanwhile.REWRITE for claim in rule.claims)


def _is_among(name: str, relations: set[str]) -> bool:
    """Whether the relation was seen under this name, with its schema or without."""
    return any(each == name or each.endswith(f".{name}") for each in relations)
