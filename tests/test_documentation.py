"""What the documents say is held together with the code."""

from __future__ import annotations

import re
from pathlib import Path

from migsafe.checks.contract import CONTRACT
from migsafe.config import keys
from migsafe.gate import ALL, CHECKS

ROOT = Path(__file__).parent.parent
RULE = re.compile(r'"((?:history|apply|restore|data|locks|ignore|rehearse|compatibility)-[a-z]+(?:-[a-z]+)*)"')


def test_every_rule_is_documented() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "migsafe").rglob("*.py"))
    rules = set(RULE.findall(code)) - {*CHECKS}
    documented = (ROOT / "docs" / "checks.md").read_text()
    assert {"apply-fails", "history-several-heads"} <= rules
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in documented] == []


def test_every_check_is_documented() -> None:
    documented = (ROOT / "docs" / "checks.md").read_text()
    assert [name for name in CHECKS if f"## `{name}`" not in documented] == []


def test_the_settings_name_every_check_that_may_be_asked_for() -> None:
    _, _, named = keys()["checks.only"].setting.description.partition(": lint")
    assert f"lint{named}" == f"{', '.join((*ALL, CONTRACT))}."


def test_every_link_between_documents_leads_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_architecture_fits_on_a_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) < 100


def test_every_rule_of_the_contract_is_documented() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "migsafe" / "contract").glob("*.py"))
    documented = (ROOT / "docs" / "contract.md").read_text()
    for rule in set(re.findall(r'"(contract-[a-z-]+)"', code)):
        assert f"`{rule}`" in documented
