"""Every rule's own examples: it finds something in the bad one and nothing in the good one."""

from __future__ import annotations

import pytest

from migsafe.catalog import Catalog
from migsafe.findings import Finding
from migsafe.lint.run import Linter
from migsafe.lint.script import Runs, Script, script_of
from migsafe.rules import Rule, rule_named, rules

RULES = tuple(rules().values())


def lint(rule: Rule, sql: str) -> tuple[Finding, ...]:
    """What this rule alone finds in the script, after the rule's earlier migration."""
    catalog = Catalog()
    linter = Linter(rules=(rule,))
    linter.lint(script_of(rule.given), catalog)
    return linter.lint(scripted(rule, sql), catalog)


def scripted(rule: Rule, sql: str) -> Script:
    script = script_of(sql, runs=Runs.TOGETHER if rule.in_transaction else Runs.ONE_BY_ONE)
    assert rule.id == "syntax-error" or script.not_analysed == (), f"{rule.id}: an example can't be parsed"
    return script


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_bad_example_is_found(rule: Rule) -> None:
    findings = lint(rule, rule.bad)
    assert [finding.rule for finding in findings] == [rule.id] * len(findings) != []
    assert all(finding.message.endswith(".") for finding in findings)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_good_example_is_clean(rule: Rule) -> None:
    assert lint(rule, rule.good) == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rewrite_is_clean_where_it_can_be_taken_as_it_is(rule: Rule) -> None:
    for finding in lint(rule, rule.bad):
        if finding.remedy and rule.on and "--" not in finding.remedy:
            assert lint(rule, finding.remedy) == ()


def test_no_id_stands_for_nothing() -> None:
    for rule in RULES:
        assert rule.id in rule_named(rule.id)
        assert all(rule.id in rule_named(alias) for alias in rule.aliases)
