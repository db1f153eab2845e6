"""The old application and all that isn't a relation: values of enums, constraints, functions, privileges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migsafe.schema.compatibility.sight import CALLED, RELATIONS, Findings, Sight
from migsafe.schema.model import Json, ObjectKey, SchemaObject
from migsafe.schema.statements.names import function_name, own_name
from migsafe.schema.statements.traits import granted
from migsafe.schema.statements.writer import listed, mapped, text

_TYPES = ("enum", "domain", "range", "composite type", "base type")


def types(sight: Sight) -> Findings:
    """Types that are gone, values that are gone from an enum, and what a domain doesn't take any more."""
    for kind in _TYPES:
        for item in sight.old.schema.of_kind(kind):
            now = sight.new.schema.get(item.key)
            if now is None and not sight.is_in_gone_schema(item):
                renamed = sight.new_name(item) if sight.same_database else None
                what = f"which is {renamed[0]} now" if renamed else "which is gone"
                yield sight.finding(
                    "compatibility-type-removed",
                    item,
                    f"The old application can't name {kind} {item.name}, {what}: in a cast, or as a parameter's type.",
                    f"Deploy an application that doesn't name {item.name} first.",
                )
            elif now is not None:
                yield from _type(sight, item, now)


def _type(sight: Sight, old: SchemaObject, new: SchemaObject) -> Findings:
    gone = [label for label in listed(old.fields.get("labels")) if label not in listed(new.fields.get("labels"))]
    if gone:
        yield sight.finding(
            "compatibility-enum-value-removed",
            old,
            f"The old application can't write or compare with {', '.join(gone)}: enum {old.name} has it no more.",
            "Leave the value in the type, where it does no harm, and let a check constraint refuse it later on.",
        )
    before, after = (mapped(item.fields.get("constraints")) for item in (old, new))
    added = [name for name, said in after.items() if said.removesuffix(" NOT VALID") not in _plain(before.values())]
    if added or (new.fields.get("not_null") and not old.fields.get("not_null")):
        what = ", ".join(added) or "NOT NULL"
        yield sight.finding(
            "compatibility-constraint-added",
            old,
            f"The old application may write what domain {old.name} refuses now: {what}.",
            f"Deploy an application that keeps to {what} first; add it in a later migration.",
        )


def _plain(definitions: Iterable[str]) -> set[str]:
    return {each.removesuffix(" NOT VALID") for each in definitions}


def constraints(sight: Sight) -> Findings:
    """What a table refuses that it took before: new constraints and unique indexes over columns that were there, and
    ON CONFLICT over what is unique no more."""
    for name, table in sight.old_relations.items():
        now = sight.new_relations.get(name)
        if now is None or table.kind != "table" or now.kind != "table":
            continue
        known = _definitions(sight.old.parts.get(name, ()))
        for part in sight.new.parts.get(name, ()):
            new = _refuses(part) and not part.fields.get("inherited") and _definition(part) not in known
            if new and not _is_constraints_index(part, sight) and _touches_old(sight, part):
                yield sight.finding(
                    "compatibility-constraint-added",
                    part,
                    f"The old application may write rows that {name} refuses now: {own_name(part)}, "
                    f"{_definition(part)}.",
                    f"Deploy an application that keeps to it first; add {own_name(part)} in a later migration. "
                    "NOT VALID doesn't help here: new rows are checked all the same.",
                )
        yield from _keys_gone(sight, name)


def _keys_gone(sight: Sight, table: str) -> Findings:
    unique = {_conflict_target(part) for part in sight.new.parts.get(table, ()) if part.fields.get("unique")}
    for part in sight.old.parts.get(table, ()):
        if not part.fields.get("unique") or part.fields.get("partition_of"):
            continue
        target = _conflict_target(part)
        if target not in unique and all(key in sight.new.schema for key in _columns(part, sight)):
            yield sight.finding(
                "compatibility-key-removed",
                part,
                f"The old application's INSERT … ON CONFLICT {target} is refused: nothing in {table} is unique over it "
                "any more.",
                f"Deploy an application that doesn't say so first, then drop {own_name(part)} in a later migration.",
            )


def _conflict_target(index: SchemaObject) -> str:
    """What ON CONFLICT must name of a unique index to mean it (manual, INSERT)."""
    return _NO_TARGET.sub("", _definition(index)).removeprefix("btree ")


_NO_TARGET = re.compile(r" (INCLUDE \(|NULLS NOT DISTINCT|WITH \(|TABLESPACE ).*?(?= WHERE |$)")


def _columns(index: SchemaObject, sight: Sight) -> Iterator[ObjectKey]:
    """The columns of an index, or of the constraint that it stands behind."""
    for needed in sight.old.needs.get(index.key, ()):
        behind = sight.old.needs.get(needed, ()) if needed[0] == "constraint" else (needed,)
        yield from (key for key in behind if key[0] == "column")


def _definitions(parts: tuple[SchemaObject, ...]) -> set[str]:
    return {_definition(part) for part in parts if _refuses(part)}


def _refuses(part: SchemaObject) -> bool:
    enforced = part.kind == "constraint" and not part.fields.get("not_enforced")
    return enforced or (part.kind == "index" and bool(part.fields.get("unique")))


def _definition(part: SchemaObject) -> str:
    said = text(part, "definition").removesuffix(" NOT VALID")
    return said.partition(" USING ")[2] if part.kind == "index" else said


def _is_constraints_index(part: SchemaObject, sight: Sight) -> bool:
    return part.kind == "index" and any(key[0] == "constraint" for key in sight.new.needs.get(part.key, ()))


def _touches_old(sight: Sight, part: SchemaObject) -> bool:
    """Whether it is about a column that the old application knows. One over new columns alone sees their nulls and
    defaults, which it was made to take."""
    old = sight.columns(part.parent or "", sight.old)
    needed = sight.new.needs.get(part.key, frozenset())
    columns = [sight.new.schema[key] for key in needed if key[0] == "column"]
    own = [own_name(column) for column in columns if column.parent == part.parent]
    return not own or any(name in old for name in own)


def functions(sight: Sight) -> Findings:
    """What the old application calls: gone, or called otherwise. What returns a trigger is called by no application."""
    for kind in CALLED:
        for item in sight.old.schema.of_kind(kind):
            if text(item, "returns") in ("trigger", "event_trigger") or sight.is_in_gone_schema(item):
                continue
            now = sight.new.schema.get(item.key)
            if now is None:
                yield from _gone_function(sight, item)
            elif item.fields.get("returns") != now.fields.get("returns") or _renamed(item, now):
                yield sight.finding(
                    "compatibility-function-changed",
                    item,
                    f"The old application calls {kind} {item.name}, which is otherwise now: {_signature(item)} → "
                    f"{_signature(now)}.",
                    "Make the new one under a new name, and drop the old one when no application that runs calls it.",
                )


def _gone_function(sight: Sight, item: SchemaObject) -> Findings:
    name = function_name(item.name)
    others = [each for each in sight.new.schema.of_kind(item.kind) if function_name(each.name) == name]
    if any(_takes_as_many(each, item) for each in others):
        return
    others = [each for each in others if each.key not in sight.old.schema]
    rule = "compatibility-function-changed" if others else "compatibility-function-removed"
    now = f" has become {', '.join(_signature(each) for each in others)}" if others else " is gone"
    yield sight.finding(
        rule,
        item,
        f"The old application calls {item.kind} {item.name}, which{now}.",
        f"Keep {item.name} beside what takes its place, and drop it when no application that runs calls it.",
    )


def _takes_as_many(new: SchemaObject, old: SchemaObject) -> bool:
    """Whether a call with the old arguments finds it: the first types are the same, and the rest has defaults."""
    ours, theirs = _types_of(old), _types_of(new)
    defaults = text(new, "arguments").count(" DEFAULT ")
    return theirs[: len(ours)] == ours and len(theirs) - defaults <= len(ours)


def _types_of(item: SchemaObject) -> list[str]:
    inside = item.name[len(function_name(item.name)) + 1 : -1]
    return inside.split(",") if inside else []


def _renamed(old: SchemaObject, new: SchemaObject) -> bool:
    """Whether its arguments have other names, or a default less."""
    return old.fields.get("arguments") != new.fields.get("arguments") and not text(new, "arguments").startswith(
        text(old, "arguments")
    )


def _signature(item: SchemaObject) -> str:
    returns = f" returns {text(item, 'returns')}" if item.kind == "function" else ""
    return f"{function_name(item.name)}({text(item, 'arguments')}){returns}"


def access(sight: Sight) -> Findings:
    """Privileges that are gone, rows that a policy hides, sequences that are gone."""
    for kind in (*RELATIONS, "column", "sequence", "schema", *CALLED):
        for item in sight.old.schema.of_kind(kind):
            now = sight.new.schema.get(item.key)
            if now is None:
                if kind == "sequence" and not item.fields.get("owned_by") and not sight.is_in_gone_schema(item):
                    yield sight.finding(
                        "compatibility-sequence-removed",
                        item,
                        f"The old application doesn't find sequence {item.name} any more.",
                        f"Deploy an application that doesn't use {item.name} first.",
                    )
                continue
            gone = _revoked(item, now)
            if gone:
                yield sight.finding(
                    "compatibility-privilege-revoked",
                    item,
                    f"The old application, if it is one of these roles, has lost privileges on {item.name}: {gone}.",
                    "Revoke them when no application that runs needs them.",
                )
            if now.fields.get("row_security") and not item.fields.get("row_security"):
                yield sight.finding(
                    "compatibility-row-security",
                    item,
                    f"The old application, unless it owns {item.name}, sees and writes only what a policy lets it.",
                    "Make the policies first, test them as the application's own role, then enable row-level security.",
                )


def _revoked(old: SchemaObject, new: SchemaObject) -> str:
    before: Json = old.fields.get("privileges")
    if before is None or before == new.fields.get("privileges"):
        return ""
    lost = [(role, word) for role, word in granted(old) if (role, word) not in set(granted(new))]
    return ", ".join(f"{word} of {role or 'PUBLIC'}" for role, word in sorted(lost))
