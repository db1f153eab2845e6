"""Functions, procedures and aggregates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.postgres.properties import LISTS
from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import function_name, literal
from migsafe.schema.statements.writer import Writer, Written, fields_of, listed, text
from migsafe.sql.identifiers import quoted

_FUNCTION = frozenset(
    [
        "arguments",
        "language",
        "body",
        "library",
        "window",
        "volatility",
        "parallel",
        "security_definer",
        "strict",
        "leakproof",
        "cost",
        "rows",
        "support",
        "settings",
        "transforms",
    ]
)


@dataclass(frozen=True)
class Function(Writer):
    """A function or procedure: replaced in place, unless its arguments have other names or it returns another type."""

    word: str = "FUNCTION"
    alters: frozenset[str] = _FUNCTION

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield _definition(item, "CREATE")

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        yield _definition(change.new, "CREATE OR REPLACE")

    def needs_rebuilding(self, change: ObjectChange, old: Catalog, new: Catalog) -> bool:
        fields = fields_of(change)
        other = "arguments" in fields and not _may_be_replaced(*map(str, fields["arguments"]))
        return other or "window" in fields or Writer.needs_rebuilding(self, change, old, new)


def _may_be_replaced(old: str, new: str) -> bool:
    """Whether only defaults differ, and none is taken away (manual, CREATE FUNCTION)."""
    before, after = (_arguments(each) for each in (old, new))
    same = [name for name, _ in before] == [name for name, _ in after]
    return same and all(new or not old for (_, old), (_, new) in zip(before, after, strict=True))


def _arguments(text: str) -> list[tuple[str, str]]:
    """Each argument's mode, name and type, and its default."""
    found, depth, start, in_text = [], 0, 0, ""
    for place, letter in enumerate(text):
        if in_text:
            in_text = "" if letter == in_text else in_text
        elif letter in "'\"":
            in_text = letter
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == "," and depth == 0:
            found.append(text[start:place])
            start = place + 1
    found.append(text[start:])
    return [(name.strip(), default.strip()) for name, _, default in (each.partition(" DEFAULT ") for each in found)]


def _definition(item: SchemaObject, verb: str) -> str:
    body = text(item, "body")
    if body.startswith("CREATE OR REPLACE ") and item.fields.get("language") == "sql":
        return verb + body.removeprefix("CREATE OR REPLACE").rstrip()  # an SQL-standard body: the server prints it all
    word = item.kind.upper()
    head = f"{verb} {word} {function_name(item.name)}({text(item, 'arguments')})"
    clauses = [f" RETURNS {text(item, 'returns')}"] if item.kind == "function" else []
    return "\n".join([head, *clauses, f" LANGUAGE {quoted(text(item, 'language'))}", *_clauses(item), _body(item)])


def _clauses(item: SchemaObject) -> Iterator[str]:
    words = [
        "TRANSFORM " + ", ".join(f"FOR TYPE {each}" for each in listed(item.fields.get("transforms")))
        if item.fields.get("transforms")
        else "",
        "WINDOW" if item.fields.get("window") else "",
        "" if item.fields.get("volatility") == "volatile" else text(item, "volatility").upper(),
        "STRICT" if item.fields.get("strict") else "",
        "SECURITY DEFINER" if item.fields.get("security_definer") else "",
        "LEAKPROOF" if item.fields.get("leakproof") else "",
        "" if item.fields.get("parallel") == "unsafe" else f"PARALLEL {text(item, 'parallel').upper()}",
    ]
    if item.kind == "procedure":
        words = [word for word in words if word == "SECURITY DEFINER" or word.startswith("TRANSFORM")]
    usual_cost = 1 if item.fields.get("language") in ("c", "internal") else 100
    if item.kind == "function":
        words.append("" if item.fields.get("cost") == usual_cost else f"COST {text(item, 'cost')}")
        words.append("" if item.fields.get("rows") in (None, 1000) else f"ROWS {text(item, 'rows')}")
        words.append(f"SUPPORT {text(item, 'support')}" if item.fields.get("support") else "")
    said = " ".join(filter(None, words))
    if said:
        yield f" {said}"
    for setting in listed(item.fields.get("settings")):
        name, _, value = setting.partition("=")
        yield f" SET {name} TO {value or literal('') if name in LISTS else literal(value)}"


def _body(item: SchemaObject) -> str:
    body = text(item, "body")
    if item.fields.get("library"):
        return f"AS {literal(text(item, 'library'))}, {literal(body)}"
    tag = next(tag for tag in _tags() if f"${tag}$" not in body and not body.endswith(f"${tag}"))
    return f"AS ${tag}${body}${tag}$"


def _tags() -> Iterator[str]:
    yield from ("", "function", "body")
    number = 0
    while True:
        number += 1
        yield f"body{number}"


@dataclass(frozen=True)
class Aggregate(Writer):
    """An aggregate, made anew in place where it returns the same type (manual, CREATE AGGREGATE)."""

    word: str = "AGGREGATE"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        arguments = text(item, "arguments") or "*"
        yield f"CREATE AGGREGATE {function_name(item.name)}({arguments}) (\n    {_aggregate(item)}\n)"


_WORDS = {
    "transition": "SFUNC", "transition_type": "STYPE", "transition_space": "SSPACE", "final": "FINALFUNC",
    "combine": "COMBINEFUNC", "serial": "SERIALFUNC", "deserial": "DESERIALFUNC", "initial": "INITCOND",
    "moving_transition": "MSFUNC", "moving_inverse": "MINVFUNC", "moving_type": "MSTYPE", "moving_final": "MFINALFUNC",
    "moving_initial": "MINITCOND", "sort_operator": "SORTOP",
}  # fmt: skip
_ARGUMENTS = re.compile(r"\([^()]*\)$")
_TEXTS = ("initial", "moving_initial")


def _aggregate(item: SchemaObject) -> str:
    words = []
    for name, word in _WORDS.items():
        value = item.fields.get(name)
        if value is not None:
            said = literal(str(value)) if name in _TEXTS else str(value)
            said = (
                function_name(said)
                if name not in (*_TEXTS, "transition_type", "moving_type", "sort_operator")
                else said
            )
            said = f"OPERATOR({_ARGUMENTS.sub('', said)})" if name == "sort_operator" else said
            words.append(f"{word} = {said}")
    modes = {"s": "SHAREABLE", "w": "READ_WRITE"}
    if item.fields.get("final_modify") in modes:
        words.append(f"FINALFUNC_MODIFY = {modes[text(item, 'final_modify')]}")
    if item.fields.get("final_extra"):
        words.append("FINALFUNC_EXTRA")
    if item.fields.get("parallel") != "unsafe":
        words.append(f"PARALLEL = {text(item, 'parallel').upper()}")
    return ",\n    ".join(words)
