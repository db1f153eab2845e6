"""Sequences: of their own, behind ``serial``, and behind identity columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import literal, own_name, parts, unquoted
from migsafe.schema.statements.writer import Writer, Written, fields_of, text
from migsafe.sql.limits import LONGEST_NAME

_SERIAL = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_OPTIONS = frozenset({"type", "start", "increment", "minimum", "maximum", "cache", "cycle"})


@dataclass(frozen=True)
class Sequence(Writer):
    """A sequence; that of an identity column is made and dropped with it."""

    word: str = "SEQUENCE"
    alters: frozenset[str] = _OPTIONS | {"unlogged", "owned_by"}

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield from create_sequence(item)

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        fields, item = fields_of(change), change.new
        if fields.keys() & _OPTIONS:
            words = dict(
                zip(("type", "increment", "minimum", "maximum", "start", "cache", "cycle"), _all(item), strict=True)
            )
            yield f"ALTER SEQUENCE {item.name} {' '.join(word for name, word in words.items() if name in fields)}"
        if "unlogged" in fields:
            yield f"ALTER SEQUENCE {item.name} SET {'UNLOGGED' if item.fields.get('unlogged') else 'LOGGED'}"
        if "owned_by" in fields:
            yield owned_by(item)


def create_sequence(item: SchemaObject) -> Iterator[str]:
    """The statement that makes it, as yet no column's."""
    unlogged = "UNLOGGED " if item.fields.get("unlogged") else ""
    yield " ".join((f"CREATE {unlogged}SEQUENCE {item.name}", *_options(item)))


def owned_by(item: SchemaObject) -> str:
    """The statement that ties the sequence to its column, or to none."""
    return f"ALTER SEQUENCE {item.name} OWNED BY {text(item, 'owned_by') or 'NONE'}"


def owned_sequence(column: SchemaObject, catalog: Catalog) -> SchemaObject | None:
    """The sequence that belongs to the column."""
    return catalog.owned_sequences.get(column.name)


def identity_options(column: SchemaObject, catalog: Catalog) -> str:
    """What isn't usual of the sequence behind an identity column, in parentheses."""
    sequence = owned_sequence(column, catalog)
    if sequence is None:
        return ""
    options = [*([] if _has_usual_name(sequence, column) else [f"SEQUENCE NAME {sequence.name}"])]
    kind = text(column, "type")
    options += [word for word in _options(sequence) if word != f"AS {kind}"]
    return f" ({' '.join(options)})" if options else ""


def serial_word(column: SchemaObject, catalog: Catalog) -> str | None:
    """``serial`` or its kin, if that is what makes this column with its sequence."""
    sequence = owned_sequence(column, catalog)
    if sequence is None or sequence.fields.get("identity") or sequence.fields.get("unlogged"):
        return None
    kind = text(column, "type")
    usual = (
        kind in _SERIAL
        and text(sequence, "type") == kind
        and [*_options(sequence)] == ([] if kind == "bigint" else [f"AS {kind}"])
        and _has_usual_name(sequence, column)
        and text(column, "default") == f"nextval({literal(sequence.name)}::regclass)"
        and column.fields.get("not_null")
        and not column.fields.get("not_null_constraint")
    )
    return _SERIAL[kind] if usual else None


def _has_usual_name(sequence: SchemaObject, column: SchemaObject) -> bool:
    *schema, table = parts(column.parent or "")
    usual = f"{unquoted(table)}_{unquoted(own_name(column))}_seq"
    named = [*map(unquoted, parts(sequence.name))]
    return len(usual.encode()) <= LONGEST_NAME and named == [*map(unquoted, schema), usual]


def _options(item: SchemaObject) -> Iterator[str]:
    """The clauses that say something: those that differ from what CREATE SEQUENCE does by itself."""
    words = [*_all(item)]
    usual = [*_all(_usual(item))]
    yield from (word for word, default in zip(words, usual, strict=True) if word != default)


def _usual(item: SchemaObject) -> SchemaObject:
    up = int(str(item.fields["increment"])) > 0
    largest = 2 ** _BITS[text(item, "type")] - 1
    low, high = (1, largest) if up else (-largest - 1, -1)
    minimum, maximum = int(str(item.fields["minimum"])), int(str(item.fields["maximum"]))
    usual = {"type": "bigint", "increment": 1, "minimum": low, "maximum": high, "cache": 1}
    return SchemaObject(item.kind, item.name, {**usual, "start": minimum if up else maximum})


def _all(item: SchemaObject) -> Iterator[str]:
    yield f"AS {text(item, 'type')}"
    yield f"INCREMENT {text(item, 'increment')}"
    yield f"MINVALUE {text(item, 'minimum')}"
    yield f"MAXVALUE {text(item, 'maximum')}"
    yield f"START {text(item, 'start')}"
    yield f"CACHE {text(item, 'cache')}"
    yield "CYCLE" if item.fields.get("cycle") else "NO CYCLE"
