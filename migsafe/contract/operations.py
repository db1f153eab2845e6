"""What differs between two operations: parameters, request body, responses and their headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from migsafe.contract.changes import Change, Side
from migsafe.contract.document import Document
from migsafe.contract.objects import Object
from migsafe.contract.parameters import for_one_value, is_free_text
from migsafe.contract.schemas import Schemas
from migsafe.contract.shapes import shape_of
from migsafe.findings import Location, Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Operation:
    """One operation of a document. ``name`` is ``GET /customers/{id}``; ``item`` the path it stands under."""

    name: str
    item: Object
    content: Object
    document: Document

    def part(self, key: str) -> Any:
        """A part of the operation, with its reference followed; none where it says nothing."""
        return self.document.follow(self.content.get(key))

    def place(self, key: str | None = None) -> Location:
        return self.content.place(key, self.name)

    def parameters(self) -> dict[tuple[str, str], Object]:
        """By place and name, those of the path among them. Parameters in the path go by where they stand in it."""
        order = re.findall(r"\{([^}]*)\}", self.name)
        found = {}
        for each in (*(self.item.get("parameters") or ()), *(self.content.get("parameters") or ())):
            parameter = self.document.follow(each)
            if isinstance(parameter, Object):
                place, name = str(parameter.get("in")), str(parameter.get("name"))
                if place == "path" and name in order:
                    name = str(order.index(name))
                found[place, name.lower() if place == "header" else name] = parameter
        return found


def operations(document: Document, section: str = "paths") -> dict[tuple[str, str], Operation]:
    """Every operation by its path, in which the names of parameters don't matter, and its method."""
    return {
        (re.sub(r"\{[^}]*\}", "{}", path), method): operation
        for path, method, operation in _operations(document.root.get(section) or {}, document)
    }


def _operations(paths: Mapping[str, Any], document: Document, of: str = "") -> Iterator[tuple[str, str, Operation]]:
    for path, each in paths.items():
        item = document.follow(each)
        for method in METHODS:
            if isinstance(item, Object) and isinstance(item.get(method), Object):
                yield path, method, Operation(f"{method.upper()} {path}{of}", item, item[method], document)


def callbacks(operation: Operation) -> dict[tuple[str, str, str], Operation]:
    """What the server asks of the client later on, by the callback's name, its expression and the method."""
    found = {}
    for name, each in (operation.part("callbacks") or {}).items():
        if name.startswith("x-"):
            continue
        paths = operation.document.follow(each) or {}
        for path, method, called in _operations(paths, operation.document, f" (callback {name} of {operation.name})"):
            found[name, path, method] = called
    return found


@dataclass(frozen=True)
class Operations:
    """The comparison of operations. With ``back`` the server is the one that asks (webhooks, callbacks).

    What is ``called_back`` isn't asked for callbacks of its own.
    """

    schemas: Schemas
    back: bool = False
    called_back: bool = False

    def compare(self, old: Operation, new: Operation) -> Iterator[Change]:
        request, response = (Side.RESPONSE, Side.REQUEST) if self.back else (Side.REQUEST, Side.RESPONSE)
        yield from self._parameters(old, new, request)
        yield from self._body(old, new, request)
        yield from self._responses(old, new, response)
        if not self.called_back:
            yield from self._callbacks(old, new)

    def _callbacks(self, old: Operation, new: Operation) -> Iterator[Change]:
        after = callbacks(new)
        for key, was in callbacks(old).items():
            if key in after:
                yield from replace(self, back=not self.back, called_back=True).compare(was, after[key])
            else:
                told = f"{was.name} is gone: clients wait for it in vain."
                yield Change("contract-callback-gone", ERROR, told, new.place("callbacks"))

    def _parameters(self, old: Operation, new: Operation, side: Side) -> Iterator[Change]:
        before, after = old.parameters(), new.parameters()
        for key in sorted(before.keys() - after.keys()):
            told = f"the {key[0]} parameter {before[key].get('name')} of {new.name} is gone: what is sent is ignored."
            yield Change("contract-parameter-gone", WARNING, told, new.place("parameters"))
        for key, parameter in sorted(after.items()):
            what = f"the {key[0]} parameter {parameter.get('name')} of {new.name}"
            where, was = parameter.place("name", new.name), before.get(key)
            if parameter.get("required") is True and (was is None or was.get("required") is not True):
                told = f"{what} is {'new and required' if was is None else 'required now'}: clients don't send it."
                yield Change("contract-parameter-required", ERROR, told, where)
            if was is None:
                continue
            for keyword in ("style", "explode"):
                if was.get(keyword) != parameter.get(keyword):
                    told = (
                        f"{what} is written another way: {keyword} was {was.get(keyword)}, is {parameter.get(keyword)}."
                    )
                    yield Change("contract-parameter-style", ERROR, told, where)
            yield from self._default(was, parameter, what, where)
            yield from self._values(was, parameter, side, what)
            yield from self._media(was, parameter, side, what, where)

    def _values(self, old: Object, new: Object, side: Side, what: str) -> Iterator[Change]:
        before, after = old.get("schema"), new.get("schema")
        if side is Side.REQUEST and before is not None and after is not None:
            was = shape_of(before, self.schemas.old)
            after = for_one_value(was, new, self.schemas.new)
            if is_free_text(was, shape_of(after, self.schemas.new)):
                return
        yield from self.schemas.compare(before, after, side, what)

    def _default(self, old: Object, new: Object, what: str, where: Location) -> Iterator[Change]:
        schemas = (self.schemas.old.follow(old.get("schema")), self.schemas.new.follow(new.get("schema")))
        before, after = (schema.get("default") if isinstance(schema, dict) else None for schema in schemas)
        if before != after:
            told = f"{what} stood for {_said(before)} when it was left out, and stands for {_said(after)}."
            yield Change("contract-parameter-default", ERROR, told, where)

    def _body(self, old: Operation, new: Operation, side: Side) -> Iterator[Change]:
        before, after = old.part("requestBody"), new.part("requestBody")
        what = f"the request body of {new.name}"
        if after is None:
            if before is not None:
                yield Change("contract-request-body-gone", ERROR, f"{what} is gone.", new.place())
            return
        required = after.get("required") is True
        if required and (before is None or before.get("required") is not True):
            told = f"{what} is {'new and required' if before is None else 'required now'}."
            yield Change("contract-request-body-required", ERROR, told, new.place("requestBody"))
        if before is not None:
            yield from self._media(before, after, side, what, new.place("requestBody"))

    def _responses(self, old: Operation, new: Operation, side: Side) -> Iterator[Change]:
        before, after = _responses(old), _responses(new)
        for code in sorted(before.keys() - after.keys()):
            hard = ERROR if code.startswith("2") else WARNING
            told = f"{new.name} no longer answers {code}."
            yield Change("contract-status-gone", hard, told, new.place("responses"))
        for code in sorted(after.keys() - before.keys()):
            if "default" not in before and f"{code[:1]}XX" not in before:
                told = f"{new.name} answers {code} now, which clients don't know."
                yield Change("contract-status-new", WARNING, told, new.place("responses"))
        for code in sorted(before.keys() & after.keys()):
            what = f"the {code} response of {new.name}"
            was, now = old.document.follow(before[code]) or {}, new.document.follow(after[code]) or {}
            yield from self._media(was, now, side, what, new.place("responses"))
            yield from self._headers(was, now, side, what, new.place("responses"))

    def _headers(
        self, old: Mapping[str, Any], new: Mapping[str, Any], side: Side, what: str, where: Location
    ) -> Iterator[Change]:
        before, after = (
            {name.lower(): document.follow(each) or Object({}, document.file) for name, each in _headers_of(response)}
            for response, document in ((old, self.schemas.old), (new, self.schemas.new))
        )
        for name, was in sorted(before.items()):
            now = after.get(name)
            if now is None:
                hard = ERROR if was.get("required") is True else WARNING
                yield Change("contract-header-gone", hard, f"{what} has no header {name} any more.", where)
            else:
                if was.get("required") is True and now.get("required") is not True:
                    yield Change("contract-header-optional", ERROR, f"{what} may lack the header {name} now.", where)
                yield from self.schemas.compare(was.get("schema"), now.get("schema"), side, f"header {name} of {what}")

    def _media(self, old: Any, new: Any, side: Side, what: str, where: Location) -> Iterator[Change]:
        before, after = old.get("content") or {}, new.get("content") or {}
        for kind in sorted(before.keys() - after.keys()):
            yield Change(f"contract-{side}-media-type", ERROR, f"{what} can no longer be {kind}.", where)
        for kind in sorted(before.keys() & after.keys()):
            yield from self.schemas.compare(_schema(before[kind]), _schema(after[kind]), side, what)


def _headers_of(response: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    return (response.get("headers") or {}).items()


def _responses(operation: Operation) -> Mapping[str, Any]:
    return {
        str(code).upper().replace("DEFAULT", "default"): each
        for code, each in (operation.part("responses") or {}).items()
        if not code.startswith("x-")
    }


def _schema(media: Any) -> Any:
    """The schema of a media type, which may say nothing at all."""
    return media.get("schema") if isinstance(media, Object) else None


def _said(value: Any) -> str:
    return "nothing" if value is None else repr(value)
