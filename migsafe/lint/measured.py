"""What a traced run showed of the locks that rules foretold: a measured fact confirms a finding, or withdraws it.

Limits: only findings of rules that claim nothing but a lock and what is done under it are judged, and only where their
statement was seen to run without an error. What a statement does is told by its kind, not by the rows there happen to
be: a table that is read counts with no row in it too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from migsafe.findings import STATEMENT, CheckResult, Evidence, Finding, Outcome, Severity, Statement
from migsafe.rules import rules
from migsafe.rules.claims import Locks

MEASURED = "measured"
"""The label of the evidence that the sandbox gives for a rule's finding."""


def overruled(result: CheckResult, statements: Sequence[Statement], not_traced: str = "") -> CheckResult:
    """The result after what was measured; the reason names what was withdrawn.

    Nothing is overruled where ``not_traced`` gives a reason, or where no lock was seen at all.
    """
    if not_traced or not any(statement.locks for statement in statements):
        return result
    findings, withdrawn = [], []
    for finding in result.findings:
        judged = _judged(finding, statements)
        if judged is None:
            withdrawn.append(f"{finding.rule} on {finding.location.object}")
        else:
            findings.append(judged)
    if not withdrawn:
        return replace(result, findings=tuple(findings))
    return replace(
        result,
        outcome=_outcome(result, findings),
        answer=_answer(result, findings),
        reason="; ".join(filter(None, (result.reason, f"measured, and not so: {', '.join(withdrawn)}"))),
        findings=tuple(findings),
    )


SEEN_AS = {"lock-without-timeout": "locks-no-timeout"}
"""What the text foretells, and the finding of a check that tells the same of every table and statement it saw."""


def told_once(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """The results of a step, without the warnings of its text that a check which ran gives too."""
    seen = {each.rule for result in results for each in result.findings if each.severity is not Severity.NOTE}
    return tuple(_without_seen(result, seen) for result in results)


def _without_seen(result: CheckResult, seen: Collection[str]) -> CheckResult:
    twice = [e for e in result.findings if e.severity is Severity.WARNING and SEEN_AS.get(e.rule) in seen]
    if not twice:
        return result
    findings = tuple(each for each in result.findings if each not in twice)
    told = ", ".join(f"{each.rule} as {SEEN_AS[each.rule]}" for each in twice)
    reason = "; ".join(filter(None, (result.reason, f"told once: {told}")))
    return replace(result, answer=_answer(result, findings), reason=reason, findings=findings)


def _answer(result: CheckResult, findings: Sequence[Finding]) -> str:
    """What is left of the result's answer; not clean where a part of the text could not be analysed."""
    if findings:
        return f"{len(findings)} found"
    return "in part" if "not analysed" in result.reason else "clean"


def _outcome(result: CheckResult, findings: Sequence[Finding]) -> Outcome:
    """That of the result, unless what it failed for was withdrawn."""
    if result.outcome is not Outcome.FAILED or any(finding.severity is Severity.ERROR for finding in findings):
        return result.outcome
    return Outcome.NOT_CHECKED if result.unread else Outcome.PASSED


def _judged(finding: Finding, statements: Sequence[Statement]) -> Finding | None:
    """The finding, with evidence where it was seen to be so; none where it was seen not to be."""
    claim = _claim(finding.rule)
    own = _own(finding, statements)
    if claim is None or not own or any(statement.error for statement in own):
        return finding
    shown = [each for each in claim.shown(statements) if each.statement in own]
    if not shown:
        return None
    seen = ", ".join(dict.fromkeys(f"{each.mode} lock on {each.relation}" for each in shown))
    said = f"the sandbox saw {seen} {claim.meanwhile}".strip()
    return replace(finding, evidence=(*finding.evidence, Evidence(MEASURED, said)))


def _claim(rule_id: str) -> Locks | None:
    """What can be measured of a rule: any lock that somebody waits for, with what its claim says is done under it."""
    rule = rules().get(rule_id)
    claims = rule.claims if rule else ()
    if len(claims) != 1 or not isinstance(claims[0], Locks) or claims[0].relation:
        return None  # one more thing is claimed than locks tell, or it is about something that hangs on the object
    return claims[0].of_anybody()


def _own(finding: Finding, statements: Sequence[Statement]) -> list[Statement]:
    """The statements that the finding is about, by their text; a DO block for what is in it."""
    texts = [" ".join(each.text.removesuffix("…").split()) for each in finding.evidence if each.label == STATEMENT]
    return [each for each in statements if any(text and text in " ".join(each.sql.split()) for text in texts)]
