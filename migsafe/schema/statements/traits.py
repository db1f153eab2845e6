"""What any kind of object can have: a comment, an owner, privileges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from migsafe.schema.model import Json, SchemaObject
from migsafe.schema.owners import OWNER
from migsafe.schema.statements.names import literal, own_name, unquoted
from migsafe.schema.statements.writer import listed
from migsafe.sql.identifiers import quoted

if TYPE_CHECKING:
    from migsafe.schema.statements.writer import Writer

Granted = dict[tuple[str, str], bool]
"""By grantee ("" is PUBLIC) and letter: whether it may be granted on."""

_LETTERS = {
    "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "D": "TRUNCATE", "x": "REFERENCES", "t": "TRIGGER",
    "m": "MAINTAIN", "X": "EXECUTE", "U": "USAGE", "C": "CREATE",
}  # fmt: skip

_ITEM = re.compile(r'((?:"(?:[^"]|"")*"|[^"=])*)=([^/]*)/.*')
_TYPES = ("enum", "domain", "range", "composite type", "base type")
_RELATIONS = ("table", "view", "materialized view", "foreign table")
_ALL: Mapping[str, str] = {
    **dict.fromkeys(_RELATIONS, "arwdDxt"), "sequence": "rwU", "schema": "UC", "foreign-data wrapper": "U",
    "foreign server": "U", "language": "U", **dict.fromkeys(_TYPES, "U"),
    **dict.fromkeys(("function", "procedure", "aggregate"), "X"),
}  # fmt: skip
"""What the owner has of each kind (manual, 5.8, table 5.2)."""

_PUBLIC = {**dict.fromkeys(("function", "procedure", "aggregate"), "X"), **dict.fromkeys(_TYPES, "U"), "language": "U"}

_GRANT_WORDS = {
    **dict.fromkeys(_RELATIONS, "TABLE"), "column": "TABLE", "aggregate": "FUNCTION", "procedure": "PROCEDURE",
    "foreign server": "FOREIGN SERVER", "foreign-data wrapper": "FOREIGN DATA WRAPPER",
    **dict.fromkeys(_TYPES, "TYPE"), "function": "FUNCTION", "sequence": "SEQUENCE", "schema": "SCHEMA",
    "language": "LANGUAGE",
}  # fmt: skip

_DEFAULTS = re.compile(r"for role (?P<role>.+?)(?: in schema (?P<schema>.+))? on (?P<kind>\w+)")
_DEFAULT_KINDS = {
    "tables": "table",
    "sequences": "sequence",
    "functions": "function",
    "types": "enum",
    "schemas": "schema",
}


def traits(
    writer: Writer, old: SchemaObject | None, new: SchemaObject, defaults: Mapping[str, SchemaObject], major: int
) -> Iterator[str]:
    """What gives the object its owner, privileges and comment; ``old`` is none for one that has just been made.

    ``defaults`` are the default privileges that the database had before, by name.
    """
    if new.kind == "default privileges":
        yield from _default_privileges(old, new, major)
        return
    owner = new.fields.get("owner")
    if owner is not None and new.kind != "extension" and (old is None or old.fields.get("owner") != owner):
        yield f"ALTER {writer.word} {writer.address(new)} OWNER TO {quoted(str(owner))}"
    if new.kind in _GRANT_WORDS:
        before = _given(old, new, major) if old else _initial(new, defaults, major)
        yield from _grants(new, before, _given(new, new, major), on=f"ON {_GRANT_WORDS[new.kind]} {_granted_on(new)}")
    comment = new.fields.get("comment")
    if comment != (old.fields.get("comment") if old else None):
        said = literal(str(comment)) if comment is not None else "NULL"
        place = f"{writer.word} {new.name if new.kind == 'column' else writer.address(new)}"
        yield f"COMMENT ON {place} IS {said}"


def granted(item: SchemaObject) -> list[tuple[str, str]]:
    """Who has which privilege on the object, as pairs of role ("" is PUBLIC) and word, without what is usual."""
    privileges = item.fields.get("privileges")
    if privileges is None:
        return [(role, _LETTERS[letter]) for role, letter in _usual(item.kind, _owner(item), 0)]
    return [(role, _LETTERS[letter]) for role, letter in _parsed(listed(privileges))]


def removed_defaults(old: SchemaObject, major: int) -> Iterator[str]:
    """What takes default privileges away."""
    yield from _default_privileges(old, SchemaObject(old.kind, old.name, {}), major)


def _granted_on(item: SchemaObject) -> str:
    return item.parent or "" if item.kind == "column" else item.name


def _owner(item: SchemaObject) -> str:
    return str(item.fields.get("owner", OWNER))


def _all(kind: str, major: int) -> str:
    letters = _ALL.get(kind, "")
    return letters + "m" if major >= 17 and letters == _ALL["table"] else letters


def _given(item: SchemaObject, now: SchemaObject, major: int) -> Granted:
    """What is granted. The owner's own goes to the owner that the object has now."""
    owner = _owner(item)
    if item.fields.get("privileges") is None:
        return _usual(item.kind, _owner(now), major)
    return {
        (_owner(now) if grantee == owner else grantee, letter): option
        for (grantee, letter), option in _parsed(listed(item.fields["privileges"])).items()
    }


def _usual(kind: str, owner: str, major: int) -> Granted:
    granted = {(owner, letter): False for letter in _all(kind, major)}
    return granted | {("", letter): False for letter in _PUBLIC.get(kind, "")}


def _initial(item: SchemaObject, defaults: Mapping[str, SchemaObject], major: int) -> Granted:
    """What a new object has: what is usual, and what default privileges add (manual, ALTER DEFAULT PRIVILEGES)."""
    granted = _usual(item.kind, _owner(item), major)
    for each in defaults.values():
        match = _DEFAULTS.fullmatch(each.name)
        kind = _DEFAULT_KINDS.get(match["kind"]) if match else None
        same = (
            kind == item.kind
            or (kind == "table" and item.kind in _RELATIONS)
            or (kind == "enum" and item.kind in _TYPES)
        )
        if match and same and unquoted(match["role"]) == _owner(item):
            if match["schema"] is None:
                granted = _parsed(listed(each.fields.get("privileges")))
            elif item.name.startswith(f"{match['schema']}."):
                granted |= _parsed(listed(each.fields.get("privileges")))
    return granted


def _parsed(items: list[str]) -> Granted:
    granted: Granted = {}
    for item in items:
        match = _ITEM.fullmatch(item)
        if match:
            grantee = unquoted(match[1])
            for letter, option in re.findall(r"([a-zA-Z])(\*?)", match[2]):
                granted[grantee, letter] = option == "*"
    return granted


def _grants(item: SchemaObject, before: Granted, after: Granted, *, on: str) -> Iterator[str]:
    columns = f" ({own_name(item)})" if item.kind == "column" else ""
    for grantee in sorted({name for name, _ in before.keys() | after.keys()}):
        role = "PUBLIC" if grantee == "" else "CURRENT_USER" if grantee == OWNER else quoted(grantee)
        gone = [letter for name, letter in before if name == grantee and (name, letter) not in after]
        less = [
            letter
            for (name, letter), option in before.items()
            if name == grantee and option and after.get((name, letter)) is False
        ]
        if gone:
            yield f"REVOKE {_words(gone, columns)} {on} FROM {role}"
        if less:
            yield f"REVOKE GRANT OPTION FOR {_words(less, columns)} {on} FROM {role}"
        for option in (False, True):
            came = [
                letter
                for (name, letter), with_option in after.items()
                if name == grantee and with_option is option and _is_new(before.get((name, letter)), option=option)
            ]
            if came:
                yield f"GRANT {_words(came, columns)} {on} TO {role}{' WITH GRANT OPTION' if option else ''}"


def _is_new(before: bool | None, *, option: bool) -> bool:  # noqa: FBT001  none: there was no grant
    return before is None or (option and not before)


def _words(letters: list[str], columns: str) -> str:
    order = [*_LETTERS]
    return ", ".join(f"{_LETTERS[each]}{columns}" for each in sorted(letters, key=order.index))


def _default_privileges(old: SchemaObject | None, new: SchemaObject, major: int) -> Iterator[str]:
    match = _DEFAULTS.fullmatch(new.name)
    if match is None:
        return
    kind, owner = _DEFAULT_KINDS[match["kind"]], unquoted(match["role"])
    usual: Granted = {} if match["schema"] else _usual(kind, owner, major)

    def said(privileges: Json) -> Granted:
        return usual if privileges is None else _parsed(listed(privileges))

    before, after = said(old.fields.get("privileges") if old else None), said(new.fields.get("privileges"))
    schema = f" IN SCHEMA {match['schema']}" if match["schema"] else ""
    start = f"ALTER DEFAULT PRIVILEGES FOR ROLE {match['role']}{schema}"
    for statement in _grants(new, before, after, on=f"ON {match['kind'].upper()}"):
        yield f"{start} {statement}"
