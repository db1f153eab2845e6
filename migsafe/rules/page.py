"""docs/rules.md, made from the rules: ``python -m migsafe.rules.page > docs/rules.md``."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.rules import Rule, rules

_GROUPS = {
    "A": "Indexes",
    "B": "Constraints",
    "C": "Columns",
    "D": "Tables, schemas and other objects",
    "E": "Enums",
    "F": "Transactions, locks and timeouts",
    "G": "Robustness",
    "H": "Data",
    "I": "Preferences (off unless enabled)",
}

_HEAD = """# Rules

What `migsafe lint` finds in the text of migrations. The ids of other linters are accepted in ignore comments:
`-- migsafe: ignore RULE reason`. This page is made from the rules themselves.
"""


def page() -> str:
    """The whole page, with a newline at its end."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    for letter, title in _GROUPS.items():
        group = [rule for rule in rules().values() if rule.hazard.startswith(letter)]
        if not group:
            continue
        yield f"## {title}\n"
        yield "| hazard | rule | severity | confidence | elsewhere |"
        yield "|---|---|---|---|---|"
        for rule in group:
            elsewhere = ", ".join(f"`{alias}`" for alias in rule.aliases) or "-"
            yield f"| {rule.hazard} | [{rule.id}](#{rule.id}) | {rule.severity} | {rule.confidence} | {elsewhere} |"
        yield ""
        for rule in group:
            yield from _described(rule)


def _described(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"{rule.title}. {rule.explanation}{'' if rule.default else ' Off unless enabled.'}\n"
    if rule.given:
        yield f"Where an earlier migration has run this:\n\n```sql\n{rule.given}\n```\n"
    yield f"Found:\n\n```sql\n{rule.bad}\n```\n"
    yield f"Clean:\n\n```sql\n{rule.good}\n```\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  it is what the module is run for
