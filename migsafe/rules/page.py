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

WITHOUT_RULE = {
    "A8": (
        "An index built CONCURRENTLY on PostgreSQL 14.0 to 14.3 may miss rows",
        (
            "No rule: the minor version of production is in no text, and neither `server_version` nor a server of the "
            "sandbox tells it. Upgrade to 14.4, then REINDEX."
        ),
    ),
    "B13 (collation)": (
        "The two sides of a foreign key have different collations",
        (
            "No rule: a column without COLLATE has that of its database, which no text shows. Where PostgreSQL refuses "
            "such a key, the apply check meets it."
        ),
    ),
    "D3": ("A table is dropped and made again", "The rule table-dropped."),
    "D21": (
        "Columns in an order that leaves gaps",
        "No rule: a matter of some bytes a row, which harms no migration.",
    ),
    "D22": (
        "Autovacuum off, versions of extensions, superusers, row security, grants, SECURITY DEFINER",
        (
            "No rule: what is right is for a team to say. The compatibility check finds what a role may no longer do "
            "or see, the rollback check what of it doesn't come back."
        ),
    ),
    "F3": ("No timeout at all", "The rules lock-without-timeout and statement-without-timeout."),
    "F4": (
        "No idle_in_transaction_session_timeout, no application_name",
        "No rule: the migration tool's connection sets them, not the text.",
    ),
    "F8": (
        "A table is written anew while another one is locked",
        (
            "The lock check of `migsafe check` (`locks-rewrite`, and `locks-held` for whatever else is at work under a "
            "lock); the rules type-change-rewrites and column-default-rewrites see the rewrite."
        ),
    ),
    "F10": (
        "Tables locked one after the other, migrations in another order",
        "The lock check (`locks-several-tables`) and the order check.",
    ),
    "F12": ("A SAVEPOINT", "No rule: it harms nothing. Its locks are held until the transaction ends, and counted so."),
    "G2": (
        "A migration that can't be taken back",
        "The rollback check runs the way back with rows; the data check finds what is lost on the way.",
    ),
    "G3": (
        "SQL that can't be read: dynamic SQL, other languages",
        'Each place is listed as not analysed, with the reason; `not_analysed = "fail"` under `[lint]` makes it fail.',
    ),
    "G4": ("How a Django migration imports models", "No rule: Python, not SQL."),
    "G5": (
        "An ignore comment that is stale, unknown or without a reason",
        "The findings `ignore-unused` and `ignore-without-reason`.",
    ),
    "H5": (
        "No ANALYZE after a change of many rows, a sequence that is behind, values in TOAST",
        (
            "No rule: the text doesn't tell how many rows there are, nor autovacuum's pace. The lock check measures "
            "what a change of rows costs at two sizes."
        ),
    ),
    "I9": ("Names that break a team's convention", "No rule: a policy is the team's."),
    "I10": ("Types, columns or comments that a team asks for or forbids", "No rule: a policy is the team's."),
}
"""The hazards that no rule is about, by number: what each is, and who finds it, or why nobody does."""

_ELSEWHERE = """## Hazards that no rule is about

Whether a unique index, a NOT NULL, a CHECK or a foreign key holds over the rows there are is tried by the apply check
of `migsafe check`; what becomes of values, of a second run and of one that is cut off by the data, apply-twice, crash
and restore checks; what the application that still runs can't do any more by the compatibility check. What belongs to
extensions (vectors, geometry) is seen by nobody but those. Beside that:

| number | hazard | who finds it, or why there is no rule |
|---|---|---|"""

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
    require-statement-timeout ban-duplicate-column-assignments renaming-object ban-set-schema ban-drop-schema
    ban-disable-trigger ban-drop-constraint ban-set-default ban-drop-default
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
    yield _ELSEWHERE
    for number, (title, where) in WITHOUT_RULE.items():
        yield f"| {number} | {title} | {where} |"


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
