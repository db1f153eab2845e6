"""What differs between two schemas, on the way that their values go: the recursion through everything inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from migsafe.contract.changes import Change, Side, narrowed, widened
from migsafe.contract.document import Document
from migsafe.contract.shapes import Shape, component_name, shape_of
from migsafe.contract.values import compare_values
from migsafe.findings import Severity

ERROR, WARNING = Severity.ERROR, Severity.WARNING

CONDITIONS = (
    "not",
    "if",
    "then",
    "else",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
    "multipleOf",
    "contentSchema",
    "contentMediaType",
    "contentEncoding",
)
"""Keywords that only take values away and are compared as they stand, not taken apart."""


@dataclass
class Schemas:
    """The comparison of the schemas of two documents; what was compared once is known."""

    old: Document
    new: Document
    _known: dict[tuple[int, int, Side], tuple[Change, ...]] = field(default_factory=dict)
    _kept: list[Shape] = field(default_factory=list)

    def compare(self, old: Any, new: Any, side: Side, path: str) -> tuple[Change, ...]:
        """The changes that matter on this side. Inside a component, names start with that of the component.

        A schema that holds itself is compared once, on the first way to it.
        """
        before, after = self._shape(old, self.old), self._shape(new, self.new)
        if before is None or after is None:
            return ()
        path = after.name or path
        key = (id(before.schema), id(after.schema), side)
        if key not in self._known:
            self._known[key] = ()
            self._known[key] = tuple(dict.fromkeys(self._inside(before, after, side, path)))
        return self._known[key]

    def _shape(self, value: Any, document: Document) -> Shape | None:
        if value is None:
            return None
        shape = shape_of(value, document)
        self._kept.append(shape)  # so that no other object gets its identity
        return shape

    def _inside(self, old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
        yield from compare_values(old, new, side, path)
        yield from self._fields(old, new, side, path)
        yield from self._items(old, new, side, path)
        yield from self._others(old, new, side, path)
        yield from self._alternatives(old, new, side, path)
        yield from _conditions(old, new, side, path)

    def _fields(self, old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
        before, after = self._visible(old, self.old, side), self._visible(new, self.new, side)
        for name in before.keys() - after.keys():
            yield from self._gone(name, old, new, side, path)
        for name in sorted(after.keys() & before.keys()):
            where = new.homes[name].place(name, f"{path}.{name}") if name in new.homes else new.schema.place(None, path)
            if name in new.required and name not in old.required and side is Side.REQUEST:
                yield Change("contract-request-field-required", ERROR, f"{path}.{name} is required now.", where)
            if name in old.required and name not in new.required and side is Side.RESPONSE:
                yield Change("contract-response-field-optional", ERROR, f"{path}.{name} may be absent now.", where)
            yield from self.compare(before[name], after[name], side, f"{path}.{name}")
        if side is Side.REQUEST:
            for name in sorted((after.keys() - before.keys()) & new.required):
                where = new.homes[name].place(name, f"{path}.{name}")
                yield Change(
                    "contract-request-field-required",
                    ERROR,
                    f"{path}.{name} is new and required: clients don't send it.",
                    where,
                    remedy="Make it optional, with a default on the server, until all clients send it.",
                )

    def _gone(self, name: str, old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
        where = new.home().place(None, f"{path}.{name}")
        if side is Side.REQUEST:
            closed = new.rest.get("additionalProperties") is False
            hard, then = (ERROR, "refused") if closed else (WARNING, "ignored")
            yield Change("contract-request-field-gone", hard, f"{path}.{name} is gone: what is sent is {then}.", where)
        else:
            hard, then = (ERROR, "always there") if name in old.required else (WARNING, "optional")
            yield Change(
                "contract-response-field-gone",
                hard,
                f"{path}.{name} is gone, which was {then}.",
                where,
                remedy="Keep it until no client reads it; mark it deprecated first.",
            )

    def _visible(self, shape: Shape, document: Document, side: Side) -> Mapping[str, Any]:
        """The fields that go this way: readOnly ones are not sent to the server, writeOnly ones not from it."""
        hidden = "readOnly" if side is Side.REQUEST else "writeOnly"
        return {
            name: each
            for name, each in shape.properties.items()
            if not (isinstance(found := document.follow(each), dict) and found.get(hidden) is True)
        }

    def _items(self, old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
        yield from self.compare(old.rest.get("items"), new.rest.get("items"), side, f"{path}[]")

    def _others(self, old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
        before, after = (shape.rest.get("additionalProperties", True) for shape in (old, new))
        if after is False and before is not False:
            where = new.schema.place("additionalProperties", path)
            yield from narrowed(side, "closed", f"{path} takes no other fields now.", where, ERROR)
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from self.compare(before, after, side, f"{path}.*")

    def _alternatives(self, old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
        for keyword in ("oneOf", "anyOf"):
            before = self._named(old.alternatives[keyword], self.old)
            after = self._named(new.alternatives[keyword], self.new)
            where = new.schema.place(keyword, path)
            if before and after:
                for name in sorted(before.keys() - after.keys()):
                    yield from narrowed(side, "alternative", f"{path} no longer takes {name}.", where, ERROR)
                for name in sorted(after.keys() - before.keys()):
                    yield from widened(side, "alternative", f"{path} may be {name} now.", where, ERROR)
                for name in sorted(before.keys() & after.keys()):
                    yield from self.compare(before[name], after[name], side, f"{path}({name})")
            elif after:
                yield from narrowed(side, "alternative", f"{path} takes only {', '.join(after)} now.", where, WARNING)
            elif before:
                told = f"{path} is no longer only {', '.join(before)}."
                yield from widened(side, "alternative", told, where, WARNING)
        yield from _discriminator(old, new, side, path)

    def _named(self, among: tuple[Any, ...], document: Document) -> dict[str, Any]:
        """Alternatives by the name of their component, title, a field of one value, or type; or by number.

        A component that is named twice is one alternative.
        """
        found: dict[str, Any] = {}
        for number, each in enumerate(among, 1):
            component = component_name(each)
            name = component or _told_by(shape_of(each, document), document) or f"alternative {number}"
            found[name if component or name not in found else f"{name} {number}"] = each
        return found


def _told_by(shape: Shape, document: Document) -> str:
    """What tells an alternative that is written out from the others beside it, such as ``event=user.created``."""
    if isinstance(title := shape.schema.get("title"), str):
        return title
    values = ((name, shape_of(each, document).values) for name, each in sorted(shape.properties.items()))
    marks = [f"{name}={among[0]}" for name, among in values if among and len(among) == 1]
    return " ".join(marks) or " or ".join(sorted(shape.types or ()))


def _discriminator(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    before, after = old.rest.get("discriminator"), new.rest.get("discriminator")
    if isinstance(before, dict) and isinstance(after, dict) and before.get("propertyName") != after.get("propertyName"):
        told = f"what {path} is was told by {before.get('propertyName')}, and is by {after.get('propertyName')}."
        where = new.schema.place("discriminator", path)
        yield Change(f"contract-{side}-discriminator", ERROR, told, where)


def _conditions(old: Shape, new: Shape, side: Side, path: str) -> Iterator[Change]:
    for keyword in CONDITIONS:
        before, after = old.rest.get(keyword), new.rest.get(keyword)
        if before == after:
            continue
        where = new.schema.place(keyword, path)
        if after not in (None, False):
            verb = "has" if before in (None, False) else "has another"
            yield from narrowed(side, "condition", f"{path} {verb} `{keyword}` now.", where, ERROR)
        if before not in (None, False):
            verb = "has no" if after in (None, False) else "has another"
            yield from widened(side, "condition", f"{path} {verb} `{keyword}` now.", where, ERROR)
