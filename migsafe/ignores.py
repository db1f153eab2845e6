"""Ignore comments: what the writer of a migration knows better, said in its file with the reason.

``-- migsafe: ignore RULE reason`` in SQL, ``# migsafe: ignore RULE reason`` in Python; ``RULE(object)`` for one object
alone. A finding that is ignored stays in the report, as a note with the reason.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migsafe.findings import IGNORED, CheckResult, Evidence, Finding, Location, Outcome, Severity

_IGNORE = re.compile(
    r"""(?:--|\#)\s*migsafe:\s*ignore\b
        \s*(?P<rule>[A-Za-z][A-Za-z0-9_-]*)?
        (?:\((?P<object>(?:"(?:[^"]|"")*"|[^")])*)\))?
        \s*(?P<reason>.*)""",
    re.VERBOSE | re.DOTALL,
)

_Comment = tuple[str, int, int]
"""The text of a comment, its line and column."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: the rule that it names, the object if it is for one alone, and why."""

    rule: str
    object: str | None
    reason: str
    location: Location

    def covers(self, finding: Finding) -> bool:
        """Whether it is for this finding, which an ignore comment without a reason never is."""
        if not self.reason or self.object not in (None, finding.location.object):
            return False
        return finding.rule == self.rule or finding.rule in _rules_called(self.rule)


def read_ignores(files: Iterable[Path]) -> tuple[Ignore, ...]:
    """The ignore comments of SQL and Python files, in order; in what can't be read as either there are none."""
    return tuple(
        Ignore(found["rule"] or "", found["object"], found["reason"].strip(), Location(file, line, column))
        for file in files
        for text, line, column in _READERS.get(file.suffix, _nothing)(file)
        if (found := _IGNORE.fullmatch(text))
    )


def apply_ignores(
    ignores: Sequence[Ignore], results: Sequence[CheckResult], checks: Iterable[str]
) -> tuple[tuple[CheckResult, ...], tuple[Finding, ...]]:
    """The results with what is ignored as notes, and the findings on the comments themselves.

    A check that only failed, or could not say, for what is ignored passes with the answer ``ignored``. ``checks`` are
    the names of all there are: a comment for one that did not run may still be of use.
    """
    checks = tuple(checks)
    used = {ignore for ignore in ignores for each in results for finding in each.findings if ignore.covers(finding)}
    ran = {result.check for result in results if result.outcome is not Outcome.NOT_CHECKED or result.findings}
    silent = {name for name in (*checks, "lint") if name not in ran}
    useless = (each for each in ignores if not each.reason or each not in used)
    findings = tuple(
        _useless(each) for each in useless if not each.reason or _check_of(each.rule, checks) not in silent
    )
    return tuple(_without_ignored(result, ignores) for result in results), findings


def _without_ignored(result: CheckResult, ignores: Sequence[Ignore]) -> CheckResult:
    findings = tuple(_ignored(finding, ignores) for finding in result.findings)
    if findings == result.findings:
        return result
    left = {finding.severity for finding in findings}
    passes = Severity.ERROR not in left and (result.outcome is Outcome.FAILED or Severity.WARNING not in left)
    if passes and result.unread:
        return replace(result, outcome=Outcome.NOT_CHECKED, answer="", reason=result.unread, findings=findings)
    if passes and result.outcome is not Outcome.PASSED:
        return replace(result, outcome=Outcome.PASSED, answer="ignored", findings=findings)
    return replace(result, findings=findings)


def _ignored(finding: Finding, ignores: Sequence[Ignore]) -> Finding:
    ignore = next((each for each in ignores if each.covers(finding)), None)
    if ignore is None:
        return finding
    why = Evidence(IGNORED, f"{ignore.reason} ({ignore.location})")
    return replace(finding, severity=Severity.NOTE, remedy=None, evidence=(*finding.evidence, why))


def _rules_called(name: str) -> tuple[str, ...]:
    """The rules of lint that go by this name, which may be the one that another linter has for them."""
    from migsafe.rules import rule_named

    return rule_named(name)


def _check_of(rule: str, checks: Iterable[str]) -> str:
    """The check whose rule this is: ``lint`` for a rule on the text, else the longest name that it begins with."""
    if _rules_called(rule):
        return "lint"
    return max((name for name in checks if rule.startswith(f"{name}-")), key=len, default="")


def _useless(ignore: Ignore) -> Finding:
    if not ignore.reason:
        return Finding(
            rule="ignore-without-reason",
            severity=Severity.ERROR,
            message=f"This comment ignores {ignore.rule or 'nothing by name'} and doesn't say why.",
            remedy="Write: migsafe: ignore RULE reason.",
            location=ignore.location,
        )
    return Finding(
        rule="ignore-unused",
        severity=Severity.WARNING,
        message=f"This comment ignores {ignore.rule}, and there is no such finding.",
        remedy="Take it away, or correct its rule.",
        location=ignore.location,
    )


def _in_sql(file: Path) -> Iterator[_Comment]:
    from migsafe.sql.comments import line_comments

    text = file.read_text(encoding="utf-8-sig", errors="replace")
    if "migsafe:" in text:  # most files needn't be scanned
        for comment in line_comments(text):
            yield comment.text, comment.line, comment.column


def _in_python(file: Path) -> Iterator[_Comment]:
    data = file.read_bytes()
    if b"migsafe:" not in data:
        return
    try:
        for token in tokenize.tokenize(io.BytesIO(data).readline):
            if token.type == tokenize.COMMENT:
                yield token.string, token.start[0], token.start[1] + 1
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        return  # it won't run either


def _nothing(_: Path) -> Iterator[_Comment]:
    return iter(())


_READERS: Mapping[str, Callable[[Path], Iterator[_Comment]]] = {".sql": _in_sql, ".py": _in_python}
