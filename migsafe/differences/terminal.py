"""A difference between schemas for a person at a terminal, as a tree."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.differences.engine import Differences
from migsafe.plain import one_line
from migsafe.reports.page import Page
from migsafe.schema.compatibility.judge import Impact
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import own_name
from migsafe.schema.tree import Branch, tree

_STYLES = {"-": "red", "+": "green", "~": "yellow", " ": ""}

_SAID = (
    ("type", "{}"),
    ("not_null", "NOT NULL"),
    ("default", "DEFAULT {}"),
    ("definition", "{}"),
    ("labels", "{}"),
    ("version", "{}"),
)
"""What is said of an added object, from its fields."""

LONGEST = 160
"""Characters of a definition that are shown."""


def render(differences: Differences, *, width: int, colour: bool) -> str:
    """The tree in ``width`` columns."""
    page = Page(width, colour=colour)
    page.write(("migsafe diff", "bold"))
    for sign, side in (("-", differences.old), ("+", differences.new)):
        version = f", PostgreSQL {one_line(side.catalog.version)}" if side.catalog.version else ""
        page.write(f"{sign} {one_line(side.name)} ({side.kind}{version})", hanging=2)
    apart = True
    for branch in tree(differences.difference):
        if apart or branch.parts:
            page.write()
        _branch(page, branch, 0)
        apart = bool(branch.parts)
    _impact(page, differences.impact)
    for note in differences.notes:
        page.write()
        page.write(f"note: {one_line(note)}", hanging=2)
    page.write()
    found = differences.difference
    counts = ((len(found.added), "added"), (len(found.removed), "removed"), (len(found.changed), "changed"))
    said = ", ".join(f"{count} {what}" for count, what in counts if count)
    page.write(*((("DIFFERENT", "bold red"), f": {said}") if found else (("EQUAL", "bold green"),)))
    return page.text()


def _impact(page: Page, impact: Impact) -> None:
    if impact.breaks:
        page.write()
        page.write(("breaks the old application on the new schema", "bold"))
    for finding in impact.breaks:
        page.write(
            (finding.rule.removeprefix("compatibility-"), "red"), f": {one_line(finding.message)}", indent=2, hanging=2
        )
        for evidence in finding.evidence:
            page.write(f"{evidence.label}: {one_line(', '.join(evidence.text.splitlines()))}", indent=4, hanging=2)
        page.write(f"instead: {one_line(finding.remedy or '')}", indent=4, hanging=2)
    if impact.needed_first:
        page.write()
        page.write(("the new application can't run on the old schema", "bold"))
    for line in impact.needed_first:
        page.write(one_line(line), indent=2, hanging=2)
    if impact.no_order_is_safe:
        page.write()
        page.write("No order of deploying is safe: whichever goes first, one of the two fails. Cut the change in two.")


def _branch(page: Page, branch: Branch, depth: int) -> None:
    name = one_line(branch.item.name)
    if depth and branch.item.parent:
        name = one_line(own_name(branch.item))
    about = f" {_about(branch.item)}" if branch.sign == "+" and _about(branch.item) else ""
    sign = f"{branch.sign} " if branch.sign.strip() else "" if not depth else "  "
    title = (f"{sign}{branch.item.kind} {name}", _STYLES[branch.sign])
    if len(branch.fields) == 1 and not branch.parts:
        page.write(title, f": {one_line(str(branch.fields[0]))}", indent=4 * depth, hanging=4)
        return
    page.write(title, about, indent=4 * depth, hanging=4)
    for change in branch.fields:
        page.write(one_line(str(change)), indent=4 * (depth + 1), hanging=2)
    for part in branch.parts:
        _branch(page, part, depth + 1)


def _about(item: SchemaObject) -> str:
    text = one_line(" ".join(_said(item)))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _said(item: SchemaObject) -> Iterator[str]:
    for name, form in _SAID:
        value = item.fields.get(name)
        if value is not None:
            words = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield form.format(" ".join(words.split()))
