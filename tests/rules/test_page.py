from __future__ import annotations

from pathlib import Path

from migsafe.rules.page import page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_in_step_with_the_rules() -> None:
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == page(), (
        "write it anew: python -m migsafe.rules.page > docs/rules.md"
    )
