"""Enums, domains, ranges, base types, collations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import function_name, literal
from migsafe.schema.statements.writer import NotWritten, Writer, Written, fields_of, listed, mapped, text


@dataclass(frozen=True)
class Enum(Writer):
    """An enum, to which values can be added anywhere, and from which none can be taken."""

    word: str = "TYPE"
    alters: frozenset[str] = frozenset({"labels"})
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"CREATE TYPE {item.name} AS ENUM ({', '.join(map(literal, listed(item.fields.get('labels'))))})"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        before, after = map(listed, fields_of(change)["labels"])
        stay = [label for label in before if label in after]
        if stay != [label for label in after if label in before]:
            yield NotWritten(str(change.new), "the order of its values", "PostgreSQL moves no value of an enum")
        yield from (_gone(change, label, before, after) for label in before if label not in after)
        known = list(before)
        for place, label in enumerate(after):
            if label in known:
                continue
            previous = after[place - 1] if place else None
            where = f"AFTER {literal(previous)}" if previous else f"BEFORE {literal(known[0])}"
            at_the_end = not known or previous == known[-1]
            yield f"ALTER TYPE {change.new.name} ADD VALUE {literal(label)}{'' if at_the_end else f' {where}'}"
            known.insert(known.index(previous) + 1 if previous in known else 0, label)


def _gone(change: ObjectChange, label: str, before: list[str], after: list[str]) -> NotWritten:
    place = before.index(label)
    renamed = len(before) == len(after) and after[place] not in before
    hint = ""
    if renamed:
        statement = f"ALTER TYPE {change.new.name} RENAME VALUE {literal(label)} TO {literal(after[place])}"
        hint = f"; if it was renamed: {statement}"
    reason = "PostgreSQL takes no value out of an enum: a new type must be made, and every column that has this one"
    return NotWritten(str(change.new), f"the value {label} is gone", f"{reason} altered{hint}")


@dataclass(frozen=True)
class Domain(Writer):
    """A domain; its NOT NULL and its checks are altered one by one."""

    word: str = "DOMAIN"
    alters: frozenset[str] = frozenset({"default", "not_null", "constraints", "constraint_comments"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        words = [f"CREATE DOMAIN {item.name} AS {text(item, 'type')}"]
        words += [f"COLLATE {text(item, 'collation')}"] if item.fields.get("collation") else []
        words += [f"DEFAULT {text(item, 'default')}"] if item.fields.get("default") is not None else []
        words += ["NOT NULL"] if item.fields.get("not_null") else []
        constraints = mapped(item.fields.get("constraints")).items()
        words += [f"CONSTRAINT {name} {said}" for name, said in constraints if not said.endswith("NOT VALID")]
        yield " ".join(words)
        for name, said in constraints:
            if said.endswith("NOT VALID"):
                yield f"ALTER DOMAIN {item.name} ADD CONSTRAINT {name} {said}"
        yield from _comments(item, {}, mapped(item.fields.get("constraint_comments")))

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        start, fields = f"ALTER DOMAIN {change.new.name}", fields_of(change)
        if "default" in fields:
            value = fields["default"][1]
            yield f"{start} DROP DEFAULT" if value is None else f"{start} SET DEFAULT {value}"
        if "not_null" in fields:
            yield f"{start} {'SET' if change.new.fields.get('not_null') else 'DROP'} NOT NULL"
        before, after = map(mapped, fields.get("constraints", (None, None)))
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) == f"{after.get(name)} NOT VALID":
                yield f"{start} VALIDATE CONSTRAINT {name}"
            elif before.get(name) != after.get(name):
                yield from ([f"{start} DROP CONSTRAINT {name}"] if name in before else [])
                yield from ([f"{start} ADD CONSTRAINT {name} {after[name]}"] if name in after else [])
        said = [mapped(item.fields.get("constraint_comments")) for item in (change.old, change.new)]
        yield from _comments(change.new, *said)


def _comments(item: SchemaObject, old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    there = mapped(item.fields.get("constraints"))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name) and name in there:
            value = literal(new[name]) if name in new else "NULL"
            yield f"COMMENT ON CONSTRAINT {name} ON DOMAIN {item.name} IS {value}"


@dataclass(frozen=True)
class Range(Writer):
    """A range type."""

    word: str = "TYPE"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        words = {
            "SUBTYPE": text(item, "subtype"),
            "SUBTYPE_OPCLASS": text(item, "subtype_operator_class"),
            "COLLATION": text(item, "subtype_collation"),
            "CANONICAL": text(item, "canonical"),
            "SUBTYPE_DIFF": text(item, "subtype_difference"),
            "MULTIRANGE_TYPE_NAME": text(item, "multirange"),
        }
        said = [f"{word} = {value}" for word, value in words.items() if value]
        yield f"CREATE TYPE {item.name} AS RANGE ({', '.join(said)})"


_ALIGNMENTS = {"c": "char", "s": "int2", "i": "int4", "d": "double"}
_STORAGES = {"p": "plain", "e": "external", "x": "extended", "m": "main"}


@dataclass(frozen=True)
class BaseType(Writer):
    """A base type: first a shell, which its functions need, then the type."""

    word: str = "TYPE"
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        length = item.fields.get("length")
        words = {
            "INPUT": text(item, "input"),
            "OUTPUT": text(item, "output"),
            "RECEIVE": text(item, "receive"),
            "SEND": text(item, "send"),
            "TYPMOD_IN": text(item, "modifier_input"),
            "INTERNALLENGTH": "VARIABLE" if length == -1 else str(length),
            "ALIGNMENT": _ALIGNMENTS[text(item, "alignment")],
            "STORAGE": _STORAGES[text(item, "storage")],
            "CATEGORY": literal(text(item, "category")),
            "PREFERRED": "true" if item.fields.get("preferred") else "",
            "DELIMITER": literal(text(item, "delimiter")) if item.fields.get("delimiter") != "," else "",
            "ELEMENT": text(item, "element"),
        }
        said = [f"{word} = {value}" for word, value in words.items() if value]
        said += ["PASSEDBYVALUE"] if item.fields.get("by_value") else []
        yield f"CREATE TYPE {item.name} ({', '.join(said)})"

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        """With its functions, which need it as it needs them."""
        yield f"DROP TYPE {item.name} CASCADE"


@dataclass(frozen=True)
class Collation(Writer):
    """A collation."""

    word: str = "COLLATION"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        provider, locale = text(item, "provider"), literal(text(item, "locale"))
        character_type = text(item, "character_type")
        words = [f"PROVIDER = {provider}"]
        if character_type and literal(character_type) != locale:
            words += [f"LC_COLLATE = {locale}", f"LC_CTYPE = {literal(character_type)}"]
        else:
            words.append(f"LOCALE = {locale}")
        words += [] if item.fields.get("deterministic") else ["DETERMINISTIC = false"]
        words += [f"RULES = {literal(text(item, 'rules'))}"] if item.fields.get("rules") else []
        yield f"CREATE COLLATION {item.name} ({', '.join(words)})"


@dataclass(frozen=True)
class Cast(Writer):
    """A cast."""

    word: str = "CAST"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        ways = {"function": f"WITH FUNCTION {text(item, 'function')}", "input and output": "WITH INOUT"}
        contexts = {"implicit": " AS IMPLICIT", "assignment": " AS ASSIGNMENT"}
        way = ways.get(text(item, "method"), "WITHOUT FUNCTION")
        yield f"CREATE CAST {item.name} {way}{contexts.get(text(item, 'context'), '')}"


@dataclass(frozen=True)
class Operator(Writer):
    """An operator."""

    word: str = "OPERATOR"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        name, _, types = item.name.rpartition("(")
        left, right = types.removesuffix(")").split(",")
        words = {
            "FUNCTION": function_name(text(item, "function")),
            "LEFTARG": "" if left == "NONE" else left,
            "RIGHTARG": "" if right == "NONE" else right,
            "COMMUTATOR": _operator(item, "commutator"),
            "NEGATOR": _operator(item, "negator"),
            "RESTRICT": text(item, "restrict"),
            "JOIN": text(item, "join"),
        }
        said = [f"{word} = {value}" for word, value in words.items() if value]
        said += [word.upper() for word in ("merges", "hashes") if item.fields.get(word)]
        yield f"CREATE OPERATOR {name} ({', '.join(said)})"


def _operator(item: SchemaObject, name: str) -> str:
    operator = text(item, name).rpartition("(")[0]
    return f"OPERATOR({operator})" if operator else ""


@dataclass(frozen=True)
class OperatorFamily(Writer):
    """An operator family; what is in it comes with the operator classes."""

    word: str = "OPERATOR FAMILY"
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"CREATE OPERATOR FAMILY {item.name}"


@dataclass(frozen=True)
class OperatorClass(Writer):
    """An operator class, with all operators and functions of its family where it is the only class in it."""

    word: str = "OPERATOR CLASS"
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        name, _, method = item.name.rpartition(" USING ")
        family = catalog.schema.get(("operator family", text(item, "family")))
        classes = catalog.schema.of_kind("operator class")
        if family is None or sum(each.fields.get("family") == item.fields.get("family") for each in classes) > 1:
            yield NotWritten(str(item), "what is in it", "it shares its operator family with others")
            return
        words = [f"OPERATOR {each}" for each in listed(family.fields.get("operators"))]
        words += [f"FUNCTION {each}" for each in listed(family.fields.get("functions"))]
        words += [f"STORAGE {text(item, 'storage')}"] if item.fields.get("storage") else []
        default = "DEFAULT " if item.fields.get("default") else ""
        of = text(item, "family").rpartition(" USING ")[0]
        head = f"CREATE OPERATOR CLASS {name} {default}FOR TYPE {text(item, 'type')} USING {method} FAMILY {of} AS"
        yield f"{head}\n    " + ",\n    ".join(words)


@dataclass(frozen=True)
class Conversion(Writer):
    """An encoding conversion."""

    word: str = "CONVERSION"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        default = "DEFAULT " if item.fields.get("default") else ""
        encodings = f"{literal(text(item, 'from'))} TO {literal(text(item, 'to'))}"
        function = function_name(text(item, "function"))
        yield f"CREATE {default}CONVERSION {item.name} FOR {encodings} FROM {function}"
