from __future__ import annotations

import re
from pathlib import Path

from migsafe.rules import rules
from migsafe.rules.page import WITHOUT_RULE, page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_in_step_with_the_rules() -> None:
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == page(), (
        "write it anew: python -m migsafe.rules.page > docs/rules.md"
    )


def test_every_hazard_has_a_rule_or_a_reason() -> None:
    ruled = {rule.hazard for rule in rules().values()}
    numbers = ruled | {number for number in WITHOUT_RULE if " " not in number}
    assert not ruled & WITHOUT_RULE.keys(), "there is a rule now"
    for letter in {number[0] for number in numbers}:
        last = max(int(number[1:]) for number in numbers if number[0] == letter)
        assert {f"{letter}{number}" for number in range(1, last + 1)} <= numbers


def test_the_reasons_name_rules_that_there_are() -> None:
    named = {word for _, where in WITHOUT_RULE.values() for word in re.findall(r"[a-z]+(?:-[a-z]+)+", where)}
    findings = {"locks-rewrite", "locks-held", "locks-several-tables", "ignore-unused", "ignore-without-reason"}
    assert named - findings - {"apply-twice"} <= rules().keys()
