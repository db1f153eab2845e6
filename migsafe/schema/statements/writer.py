"""What every kind of object has: how it is made, dropped and altered by SQL. One writer a kind, found in a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import Json, SchemaObject
from migsafe.schema.statements.names import literal, own_name
from migsafe.sql.identifiers import quoted

TRAITS = frozenset({"comment", "owner", "privileges", "security_labels"})
"""Fields that any kind of object can have; :mod:`migsafe.schema.statements.traits` writes them."""


@dataclass(frozen=True, slots=True)
class NotWritten:
    """A part of the difference for which there is no SQL, and why."""

    object: str
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.object}: {self.what}: {self.reason}"


Written: TypeAlias = Iterator[str | NotWritten]
"""Statements without a semicolon, and what could not be written."""


@dataclass(frozen=True)
class Writer:
    """The SQL of one kind.

    ``word`` is what stands after CREATE, ALTER and DROP. ``alters`` are the fields that :meth:`alter` can change, and
    ``follows`` those that change by themselves with something else. Where another field differs, an object that
    ``rebuilds`` is dropped and made again; any other is told as not written.
    """

    word: str = ""
    alters: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    rebuilds: bool = True
    of_relation: bool = field(default=False)

    def address(self, item: SchemaObject) -> str:
        """How the object is named after its word: a part of a table by its own name, ON the table."""
        return f"{own_name(item)} ON {item.parent}" if self.of_relation else item.name

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        raise NotImplementedError

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        """Everything that needs the object is gone by then."""
        yield f"DROP {self.word} {self.address(item)}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        """The changes of the fields in ``alters``."""
        yield from ()

    def complete(self, item: SchemaObject, catalog: Catalog) -> Written:
        """What remains to be said of one that was made together with what it is a part of."""
        yield from ()

    def needs_rebuilding(self, change: ObjectChange, old: Catalog, new: Catalog) -> bool:
        """Whether a field differs that can't be altered."""
        return bool({each.field for each in change.fields} - self.alters - self.follows - TRAITS)


def text(item: SchemaObject, name: str) -> str:
    """A field that is a text; empty where there is none."""
    value = item.fields.get(name)
    return "" if value is None else str(value)


def listed(value: Json) -> list[str]:
    """A field that is a list of texts; empty where there is none."""
    return [str(each) for each in value] if isinstance(value, list) else []


def mapped(value: Json) -> dict[str, str]:
    """A field that maps names to texts; empty where there is none."""
    return {name: str(each) for name, each in value.items()} if isinstance(value, dict) else {}


def fields_of(change: ObjectChange) -> dict[str, tuple[Json, Json]]:
    """What differs, by field: old and new."""
    return {each.field: (each.old, each.new) for each in change.fields}


def settings(options: list[str]) -> str:
    """``name=value`` as reloptions has them, for WITH (…) and SET (…)."""
    pairs = (option.partition("=") for option in options)
    return ", ".join(
        f"{name} = {literal(value)}" if not _plain(value) else f"{name} = {value}" for name, _, value in pairs
    )


def _plain(value: str) -> bool:
    return value.replace(".", "").replace("_", "").isalnum()


def change_settings(start: str, before: Json, after: Json, *, prefix: str = "") -> Iterator[str]:
    """SET (…) for what is new or different, RESET (…) for what is gone."""
    old, new = listed(before), listed(after)
    names = {option.partition("=")[0] for option in new}
    changed = [f"{prefix}{option}" for option in new if option not in old]
    gone = [f"{prefix}{name}" for option in old if (name := option.partition("=")[0]) not in names]
    if changed:
        yield f"{start} SET ({settings(changed)})"
    if gone:
        yield f"{start} RESET ({', '.join(gone)})"


def generic_options(options: list[str]) -> str:
    """Options of foreign-data objects, for OPTIONS (…)."""
    pairs = (option.partition("=") for option in options)
    return ", ".join(f"{quoted(name)} {literal(value)}" for name, _, value in pairs)


def change_generic_options(start: str, old: Json, new: Json) -> Iterator[str]:
    """OPTIONS (ADD …, SET …, DROP …)."""
    before, after = ({n: value for n, _, value in (o.partition("=") for o in listed(side))} for side in (old, new))
    words = [
        *(f"ADD {quoted(name)} {literal(value)}" for name, value in after.items() if name not in before),
        *(f"SET {quoted(name)} {literal(value)}" for name, value in after.items() if before.get(name, value) != value),
        *(f"DROP {quoted(name)}" for name in before if name not in after),
    ]
    if words:
        yield f"{start} OPTIONS ({', '.join(words)})"
