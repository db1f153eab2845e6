"""A difference as a tree: what hangs on a table stands below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migsafe.schema.diff import FieldChange, SchemaDifference
from migsafe.schema.model import SchemaObject


@dataclass(frozen=True, slots=True)
class Branch:
    """An object that was removed (-), added (+) or changed (~), with what changed in it and the parts that did.

    A space stands for an object that is the same and holds parts that are not.
    """

    sign: str
    item: SchemaObject
    fields: tuple[FieldChange, ...] = ()
    parts: tuple[Branch, ...] = ()


def tree(difference: SchemaDifference) -> tuple[Branch, ...]:
    """The branches by kind and name. The parts of a removed object go unsaid, those of an added one don't."""
    signed: list[Branch] = [
        *(Branch("-", item) for item in difference.removed),
        *(Branch("+", item) for item in difference.added),
        *(Branch("~", change.new, change.fields) for change in difference.changed),
    ]
    below: dict[str, list[Branch]] = {}
    for branch in signed:
        if branch.item.parent is not None:
            below.setdefault(branch.item.parent, []).append(branch)
    tops = [branch for branch in signed if branch.item.parent is None]
    known = {branch.item.name for branch in tops if branch.item.kind in _HOLDERS}
    same = [Branch(" ", _holder(parts[0].item)) for name, parts in below.items() if name not in known]
    return tuple(_with_parts(branch, below) for branch in sorted([*tops, *same], key=_order))


_HOLDERS = frozenset({"table", "view", "materialized view", "foreign table", "composite type"})


def _holder(part: SchemaObject) -> SchemaObject:
    return SchemaObject("table", part.parent or "", {})


def _with_parts(branch: Branch, below: dict[str, list[Branch]]) -> Branch:
    if branch.sign == "-" or branch.item.kind not in _HOLDERS:
        return branch
    return Branch(branch.sign, branch.item, branch.fields, tuple(_in_order(below.get(branch.item.name, ()))))


def _in_order(parts: Iterable[Branch]) -> Iterator[Branch]:
    """Columns by their place in the table, then the rest."""
    yield from sorted(parts, key=lambda each: (each.item.kind != "column", *_place(each), *_order(each)))


def _place(branch: Branch) -> tuple[int]:
    place = branch.item.fields.get("position")
    return (place if branch.sign == "+" and isinstance(place, int) else 0,)


def _order(branch: Branch) -> tuple[str, str, str]:
    return (branch.item.kind, branch.item.name, branch.sign)
