"""docs/rules.md, made from the rules: ``python -m migsafe.rules.page > docs/rules.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migsafe.rules import Rule, rules
from migsafe.rules.claims import PROVED_ON

_GROUPS = {
    "A": "Indexes",
    "B": "Constraints",
    "C": "Columns",
    "D": "Tables, schemas and other objects",
    "E": "Enums",
    "F": "Transactions, locks and timeouts",
    "G": "Robustness",
    "H": "Data",
    "J": "Names",
    "I": "Preferences (off unless enabled)",
}

_VERSIONS = f"{', '.join(map(str, PROVED_ON[:-1]))} and {PROVED_ON[-1]}"

_HEAD = f"""# Rules

What `migsafe lint` finds in the text of migrations. The ids of other linters are accepted in ignore comments:
`-- migsafe: ignore RULE reason`. This page is made from the rules themselves.

The last column is what servers show. The tests run each rule's examples on PostgreSQL {_VERSIONS}, with rows
in every table. The example that is found does what stands there, to the relation that it is about unless another is
named; the one that is clean doesn't. Codes are SQLSTATEs.
"""

_ELSEWHERE = """## Hazards that no rule is about

- An index built CONCURRENTLY on PostgreSQL 14.0 to 14.3 may miss rows: a matter of the server's minor version, which no
  text shows. Upgrade to 14.4, then REINDEX.
- Whether a unique index, a NOT NULL, a CHECK or a foreign key holds over the rows there are: the apply check of
  `migsafe check` tries it over real rows.
- What a migration loses of values, and whether it can be run again, cut off or taken back: the data, apply-twice,
  crash, restore and rollback checks do it.
- What the application that still runs can't do any more: the compatibility check.
- What belongs to extensions (vectors, geometry), and policies of a team (which types, which names, which comments).
"""

_SQUAWK = """
    require-concurrent-index-creation require-concurrent-index-deletion constraint-missing-not-valid
    adding-field-with-default adding-foreign-key-constraint changing-column-type adding-not-nullable-field
    adding-serial-primary-key-field renaming-column renaming-table disallowed-unique-constraint ban-drop-database
    prefer-bigint-over-int prefer-bigint-over-smallint prefer-identity prefer-repack prefer-robust-stmts
    prefer-text-field prefer-timestamp-tz prefer-timestamptz ban-char-field ban-drop-column ban-drop-table
    ban-drop-not-null transaction-nesting adding-required-field ban-concurrent-index-creation-in-transaction
    unused-ignore ban-create-domain-with-constraint ban-alter-domain-with-add-constraint ban-truncate-cascade
    require-timeout-settings ban-uncommitted-transaction require-enum-value-ordering require-table-schema
    identifier-too-long require-concurrent-partition-detach require-concurrent-reindex require-lock-timeout
    require-statement-timeout ban-duplicate-column-assignments
"""
"""The ids of squawk; pgsafe and pgfence spell theirs alike."""


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
        yield "| hazard | rule | squawk | eugene | strong_migrations | what servers show |"
        yield "|---|---|---|---|---|---|"
        for rule in group:
            yield _row(rule)
        yield ""
        for rule in group:
            yield from _described(rule)
    yield _ELSEWHERE.rstrip()


def _row(rule: Rule) -> str:
    squawk = [alias for alias in rule.aliases if alias in _SQUAWK.split()]
    eugene = [alias for alias in rule.aliases if re.fullmatch(r"[EW]\d+", alias)]
    strong = [alias for alias in rule.aliases if re.fullmatch(r"[a-z]+(_[a-z]+)+", alias)]
    elsewhere = " | ".join(", ".join(f"`{each}`" for each in ids) or "-" for ids in (squawk, eugene, strong))
    since = f" (since {rule.since})" if rule.since else ""
    shown = "; ".join(map(str, rule.claims)).replace("|", "\\|")
    return f"| {rule.title} | [{rule.id}](#{rule.id}) | {elsewhere} | {shown}{since} |"


def _described(rule: Rule) -> Iterator[str]:
    yield f"### {rule.id}\n"
    yield f"{rule.title}. {rule.explanation}{'' if rule.default else ' Off unless enabled.'}\n"
    names = f", also by the names {', '.join(f'`{alias}`' for alias in rule.aliases)}" if rule.aliases else ""
    yield f"Severity {rule.severity}, confidence {rule.confidence}{names}.\n"
    if rule.given:
        yield f"Where an earlier migration has run this:\n\n```sql\n{rule.given}\n```\n"
    yield f"Found:\n\n```sql\n{rule.bad}\n```\n"
    yield f"Clean:\n\n```sql\n{rule.good}\n```\n"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201  it is what the module is run for
