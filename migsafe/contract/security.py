"""Whether a client that could prove who it is still can: each old way in must satisfy one of the new ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migsafe.contract.changes import Change
from migsafe.contract.document import Document
from migsafe.contract.operations import Operation
from migsafe.findings import Severity

DESCRIBED_BY = ("type", "in", "name", "scheme", "openIdConnectUrl")


def compare_security(old: Operation, new: Operation) -> Iterator[Change]:
    """An operation's own requirements, or those of the whole document where it has none; none of both: everybody."""
    before, after = _ways(old), _ways(new)
    for way in before:
        if not any(_satisfies(way, each) for each in after):
            told = f"{new.name} let in clients with {_shown(way)}, and asks for {' or '.join(map(_shown, after))} now."
            yield Change("contract-security", Severity.ERROR, told, new.place("security"))


def compare_schemes(old: Document, new: Document) -> Iterator[Change]:
    """Schemes that both documents have and that ask for something else now, such as another header."""
    before, after = _schemes(old), _schemes(new)
    for name in sorted(before.keys() & after.keys()):
        was, now = old.follow(before[name]), new.follow(after[name])
        if was is None or now is None:
            continue
        for key in DESCRIBED_BY:
            if was.get(key) != now.get(key):
                told = f"{key} of the security scheme {name} was {was.get(key)} and is {now.get(key)}."
                yield Change("contract-security-scheme", Severity.ERROR, told, now.place(key, name))


def _ways(operation: Operation) -> list[Mapping[str, Any]]:
    said = operation.content.get("security", operation.document.root.get("security"))
    return list(said) if said else [{}]


def _satisfies(has: Mapping[str, Any], needed: Mapping[str, Any]) -> bool:
    return all(name in has and set(scopes or ()) <= set(has[name] or ()) for name, scopes in needed.items())


def _shown(way: Mapping[str, Any]) -> str:
    said = [f"{name} ({', '.join(scopes)})" if scopes else name for name, scopes in way.items()]
    return " and ".join(said) or "nothing"


def _schemes(document: Document) -> Mapping[str, Any]:
    return (document.root.get("components") or {}).get("securitySchemes") or {}
