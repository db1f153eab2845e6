"""What differs between two OpenAPI documents in ways that concern clients."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from migsafe.contract.changes import Change
from migsafe.contract.document import Document
from migsafe.contract.objects import Object
from migsafe.contract.operations import Operation, Operations, operations
from migsafe.contract.schemas import Schemas
from migsafe.contract.security import compare_schemes, compare_security
from migsafe.contract.structure import require_structure
from migsafe.findings import Finding, Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def compare_documents(old: Document, new: Document, today: date) -> tuple[Finding, ...]:
    """Every change that may break a client of ``old`` on a server of ``new``, each once, with where it shows.

    ``today`` says which sunset dates are over. Raises :class:`migsafe.errors.UsageError` for a reference that can't be
    followed, and for a document that isn't built as OpenAPI has it.
    """
    for document in (old, new):
        require_structure(document)
    uses: dict[Change, list[str]] = {}
    for name, change in _changes(old, new, today):
        uses.setdefault(change, []).append(name)
    return tuple(change.finding(tuple(dict.fromkeys(filter(None, names)))) for change, names in uses.items())


def _changes(old: Document, new: Document, today: date) -> Iterator[tuple[str, Change]]:
    schemas = Schemas(old, new)
    for section, back in (("paths", False), ("webhooks", True)):
        before, after = operations(old, section), operations(new, section)
        compared = Operations(schemas, back)
        for key, was in before.items():
            now = after.get(key)
            if now is None:
                yield "", _gone(was, new, section, today)
                continue
            for change in compared.compare(was, now):
                yield now.name, change
            if not back:
                for change in compare_security(was, now):
                    yield "", change
    for change in (*compare_schemes(old, new), *_servers(old, new)):
        yield "", change


def _gone(operation: Operation, new: Document, section: str, today: date) -> Change:
    """An operation that was announced to go, and whose time is over, may go."""
    path = operation.name.partition(" ")[2]
    item = (new.root.get(section) or {}).get(path)
    place = item if isinstance(item, Object) else new.root
    where = place.place(None if place is item else section, operation.name)
    rule = "contract-operation-gone"
    sunset = _date(operation.content.get("x-sunset"))
    if operation.content.get("deprecated") is not True:
        told = f"{operation.name} is gone, and was not deprecated before."
        return Change(rule, ERROR, told, where, remedy="Mark it deprecated and keep it until no client calls it.")
    if sunset is None:
        return Change(rule, WARNING, f"{operation.name} is gone; it was deprecated, with no date of its end.", where)
    if sunset > today:
        return Change(rule, ERROR, f"{operation.name} is gone before {sunset}, the date of its end.", where)
    return Change(rule, NOTE, f"{operation.name} is gone, as announced for {sunset}.", where)


def _servers(old: Document, new: Document) -> Iterator[Change]:
    before, after = (
        [each.get("url") for each in document.root.get("servers") or () if isinstance(each, dict)]
        for document in (old, new)
    )
    for url in before:
        if url not in after:
            yield Change(
                "contract-server-gone", WARNING, f"the server {url} is gone.", new.root.place("servers", str(url))
            )


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
