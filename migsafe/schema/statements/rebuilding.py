"""What must be dropped and made again, because it can't be altered, or because something that it needs can't."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import ObjectKey
from migsafe.schema.statements.columns import relation_kind
from migsafe.schema.statements.kinds import WRITERS
from migsafe.schema.statements.names import parts

VIEWS = ("view", "materialized view")

_STOPS_A_NEW_TYPE = frozenset({"view", "materialized view", "rule", "policy", "trigger", "function", "procedure"})
"""What needs a column and doesn't let ALTER COLUMN … TYPE through (manual, ALTER TABLE); indexes are rebuilt by it."""


def to_rebuild(changes: Mapping[ObjectKey, ObjectChange], old: Catalog, new: Catalog) -> frozenset[ObjectKey]:
    """The objects on both sides that are to be dropped and made again."""
    found: set[ObjectKey] = set()
    retyped = {key for key, change in changes.items() if _is_retyped(change, new)}
    for key, change in changes.items():
        writer = WRITERS[change.new.kind]
        if not writer.needs_rebuilding(change, old, new):
            continue
        if writer.rebuilds and not (key[0] == "index" and constraint_of(key, new)) and not _is_of_view(key, new):
            found.add(key)
    waiting = [*found, *retyped]
    for key in old.schema:
        if key not in new.schema:
            waiting += (each for each in _left_behind(key, old, new, changes) if each not in found)
    found.update(each for each in waiting if each not in retyped)
    while waiting:
        key = waiting.pop()
        for dependent in _dependents(key, old, new, only_retyped=key not in found):
            if dependent not in found and WRITERS[dependent[0]].rebuilds:
                found.add(dependent)
                waiting.append(dependent)
    return frozenset(found)


def _left_behind(
    key: ObjectKey, old: Catalog, new: Catalog, changes: Mapping[ObjectKey, ObjectChange]
) -> Iterable[ObjectKey]:
    """What needs an object that is gone and doesn't let go of it by its own change: another one has taken its place.

    A foreign key holds on to the one index that it was made with, however it is altered.
    """
    for dependent in old.needed_by.get(key, ()):
        whole = _whole(dependent, new)
        holds_on = whole is not None and (whole not in changes or whole[0] == "constraint")
        if whole is not None and holds_on and WRITERS[whole[0]].rebuilds and whole in old.schema:
            yield whole


def constraint_of(key: ObjectKey, catalog: Catalog) -> ObjectKey | None:
    """The constraint whose index this is."""
    index = catalog.schema[key]
    constraints = (each for each in catalog.needs.get(key, ()) if each[0] == "constraint")
    name = key[1].rpartition(".")[2]
    known = [each for each in constraints if each[1].endswith(f" on {index.parent}")]
    guess = ("constraint", f"{parts(key[1])[-1]} on {index.parent}")
    return guess if guess in catalog.schema else next((each for each in known if each[1].startswith(name)), None)


def _is_retyped(change: ObjectChange, new: Catalog) -> bool:
    fields = {each.field for each in change.fields}
    return change.new.kind == "column" and bool(fields & {"type", "collation"}) and not _is_of_view(change.new.key, new)


def _is_of_view(key: ObjectKey, catalog: Catalog) -> bool:
    return key[0] == "column" and relation_kind(catalog.schema[key], catalog) in VIEWS


def _dependents(key: ObjectKey, old: Catalog, new: Catalog, *, only_retyped: bool) -> Iterable[ObjectKey]:
    """Those that need the object on both sides: its parts, and what hangs on it or on its columns."""
    covered = [key]
    if key[0] in VIEWS:
        covered += [part.key for part in new.parts.get(key[1], ()) if part.key in old.schema]
        yield from (each for each in covered[1:] if each[0] != "column")
    for each in covered:
        for dependent in old.needed_by.get(each, ()):
            whole = _whole(dependent, new)
            if whole is None or each not in _needs(whole, new):
                continue
            if not only_retyped or whole[0] in _STOPS_A_NEW_TYPE or whole[0] == "column":
                yield whole


def _whole(key: ObjectKey, catalog: Catalog) -> ObjectKey | None:
    """The object that is dropped for it: the view for its column, the constraint for its index; none for one that is
    not there, or that stays (a column of a table keeps its values)."""
    if key not in catalog.schema:
        return None
    item = catalog.schema[key]
    if key[0] == "column":
        kind = relation_kind(item, catalog)
        if kind in VIEWS:
            return (kind, item.parent or "")
        return key if item.fields.get("generated") is not None else None
    if key[0] == "index":
        return constraint_of(key, catalog) or key
    return key


def _needs(key: ObjectKey, catalog: Catalog) -> set[ObjectKey]:
    columns = catalog.parts.get(key[1], ()) if key[0] in VIEWS else ()
    needed = set(catalog.needs.get(key, ()))
    for part in columns:
        needed |= catalog.needs.get(part.key, frozenset())
    for index in (("index", name) for name in _indexes(key, catalog)):
        needed |= catalog.needs.get(index, frozenset())
    return needed


def _indexes(key: ObjectKey, catalog: Catalog) -> Iterable[str]:
    if key[0] == "constraint":
        item = catalog.schema[key]
        yield from (part.name for part in catalog.parts.get(item.parent or "", ()) if part.kind == "index")
