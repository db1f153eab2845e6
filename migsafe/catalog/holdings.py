"""What is there, by name, and what the handlers of statements do to it and answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from migsafe.catalog.layers import Key, Layer, Value
from migsafe.catalog.objects import Index, Named, Relation, Sequence, Table, View
from migsafe.sql.actions import Column, Kind
from migsafe.sql.functions import STABLE, VOLATILE
from migsafe.sql.names import Name, Type, quoted

if TYPE_CHECKING:
    from migsafe.catalog.objects import QUALIFIED

TEMPORARY = "pg_temp"

GROUPS = {
    Kind.PROCEDURE: Kind.FUNCTION,
    Kind.AGGREGATE: Kind.FUNCTION,
    Kind.ROUTINE: Kind.FUNCTION,
    Kind.DOMAIN: Kind.TYPE,
}
"""Kinds that share their names with another kind."""


class Refusal(Exception):
    """The error that the server would give: its SQLSTATE and its message."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message


@dataclass(frozen=True, slots=True)
class ObjectId:
    """An object that was made or dropped; ``part`` is a column, constraint, trigger … of the table ``name``."""

    kind: Kind
    name: Name
    part: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}.{quoted(self.part)}" if self.part else f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of an action: what it made, changed and dropped, or why the server would refuse it.

    ``skipped`` says that IF [NOT] EXISTS left it undone. ``certain`` is false where the answer rests on objects that
    were never seen: the database may hold more than the history tells.
    """

    made: tuple[ObjectId, ...] = ()
    changed: tuple[ObjectId, ...] = ()
    dropped: tuple[ObjectId, ...] = ()
    skipped: bool = False
    refusal: Refusal | None = None
    certain: bool = True


class Holdings:
    """Relations, types, functions and so on by name; :meth:`copy` is cheap.

    ``complete`` says that everything there is has been seen being made (a history replayed from nothing). Where it
    isn't, an object that was never seen may exist: what is done to it is taken to succeed. ``script`` is the number of
    the migration that is being applied, from 1. ``blurred`` says that something was run that can't be followed, so that
    whatever is known may have become otherwise.
    """

    def __init__(self, *, complete: bool = False) -> None:
        self.complete = complete
        self.blurred = False
        self.script = 0
        self.search_path: tuple[str, ...] = ("public",)
        self.relations: MutableMapping[QUALIFIED, Relation] = {}
        self.others: MutableMapping[tuple[Kind, str, str], Named] = {}
        self.gone: set[tuple[Kind, str, str]] = set()

    def copy(self) -> Self:
        """An independent catalog that holds the same."""
        return self._twin(_copied(self.relations), _copied(self.others))

    def ahead(self) -> Self:
        """A catalog that begins as this one, to look ahead while this one stays as it is."""
        return self._twin(Layer(self.relations), Layer(self.others))

    def _twin(
        self, relations: MutableMapping[QUALIFIED, Relation], others: MutableMapping[tuple[Kind, str, str], Named]
    ) -> Self:
        twin = type(self)(complete=self.complete)
        twin.script, twin.search_path, twin.blurred = self.script, self.search_path, self.blurred
        twin.relations, twin.others, twin.gone = relations, others, set(self.gone)
        return twin

    def begin_script(self) -> None:
        """What is made from here on belongs to the next script."""
        self.script += 1
        self.search_path = ("public",)

    def find(self, name: Name) -> Relation | None:
        """The relation of that name, found as the server finds it; none where none was ever seen."""
        for schema in (name.schema,) if name.schema else (TEMPORARY, *self.search_path):
            if found := self.relations.get((schema, name.name)):
                return found
        return None

    def table(self, name: Name) -> Table | None:
        """The table of that name; none for anything else, and for one that was never seen."""
        found = self.find(name)
        return found if isinstance(found, Table) else None

    def column(self, table: Name, column: str) -> Column | None:
        """The column, where it is known."""
        found = self.table(table)
        return found.columns.get(column) if found else None

    def index(self, name: Name) -> Index | None:
        """The index of that name, where it is known."""
        found = self.find(name)
        return found if isinstance(found, Index) else None

    def indexes(self, table: Name) -> tuple[Index, ...]:
        """The known indexes of a table, by name."""
        home = self.qualified(table)
        found = (each for each in self.relations.values() if isinstance(each, Index) and each.table == home)
        return tuple(sorted(found, key=lambda each: each.name.name))

    def is_new(self, name: Name) -> bool:
        """Whether this script made the relation, so that nobody else uses it yet."""
        found = self.find(name)
        return found is not None and found.made_in == self.script and self.script > 0

    def type(self, name: Name) -> Named | None:
        """A type or domain that was made; none for built-in ones."""
        return self.other(Kind.TYPE, name)

    def other(self, kind: Kind, name: Name, arguments: tuple[str, ...] | None = None) -> Named | None:
        """A function, type, schema … of that name. Without ``arguments`` any function of the name will do."""
        kind = GROUPS.get(kind, kind)
        for schema in (name.schema,) if name.schema else ("", *self.search_path):
            for key in self.keys_of(kind, schema, name.name, arguments):
                return self.others[key]
        return None

    def is_volatile(self, function: Name) -> bool:
        """Whether the function is known to be volatile: one of PostgreSQL's own, or one that was seen being made."""
        made = self.other(Kind.FUNCTION, function) if function.name not in STABLE else None
        return function.name in VOLATILE or (made is not None and made.volatile)

    def stored_as(self, kind: Type) -> Type:
        """The type that values are kept as: of a domain that was seen being made, the one that it is made of."""
        made = self.type(Name(kind.name, kind.schema))
        return kind if made is None or made.base is None or kind.array else self.stored_as(made.base)

    def is_checked(self, kind: Type) -> bool:
        """Whether the type is a domain that was seen being made with constraints."""
        made = self.type(Name(kind.name, kind.schema))
        return made is not None and made.checked and not kind.array

    def keys_of(
        self, kind: Kind, schema: str, name: str, arguments: tuple[str, ...] | None
    ) -> Iterator[tuple[Kind, str, str]]:
        """The keys under which an object of that name is known; several for a function without its arguments."""
        if kind is not Kind.FUNCTION:
            keys: Iterable[tuple[Kind, str, str]] = ((kind, schema, name),)
        elif arguments is not None:
            keys = ((kind, schema, signature(name, arguments)),)
        else:
            keys = [key for key in self.others if key[:2] == (kind, schema) and key[2].startswith(f"{name}(")]
        yield from (key for key in keys if key in self.others)

    def qualified(self, name: Name) -> Name:
        """The name with its schema: where the relation is, or where it would be made."""
        if name.schema:
            return name
        found = self.find(name)
        return found.name if found else Name(name.name, self.search_path[0] if self.search_path else "public")

    def put(self, relation: Relation) -> None:
        """Enter a relation, or what has become of it."""
        self.relations[relation.name.schema or "public", relation.name.name] = relation

    def forget(self, relation: Relation) -> None:
        """Take a relation out, and know that it is gone."""
        key = (relation.name.schema or "public", relation.name.name)
        self.relations.pop(key, None)
        self.gone.add((Kind.TABLE, *key))

    def was_dropped(self, kind: Kind, name: Name) -> bool:
        """Whether an object was seen being dropped, so that it certainly isn't there."""
        name = self.qualified(name)
        return (GROUPS.get(kind, kind), name.schema or "", name.name) in self.gone

    def expect_table(self, name: Name) -> Table:
        """The table that something is done to. One that was never seen is taken to be there, unless all was seen.

        Raises :class:`Refusal` where there is none, or something else has the name.
        """
        found = self.find(name)
        if isinstance(found, Table):
            return found
        if isinstance(found, View):
            return Table(found.name, Kind.VIEW, complete=False, made_in=found.made_in)
        if found is not None:
            raise Refusal("42809", f'"{name.name}" is not a table')
        if self.complete or self.was_dropped(Kind.TABLE, name):
            raise Refusal("42P01", f'relation "{spoken(name)}" does not exist')
        table = Table(self.qualified(name), complete=False)
        self.put(table)
        return table

    def expect_free(self, name: Name, *, temporary: bool = False) -> Name:
        """The full name for a new relation. Raises :class:`Refusal` where it is taken."""
        schema = TEMPORARY if temporary else name.schema or (self.search_path[0] if self.search_path else "public")
        if (schema, name.name) in self.relations:
            raise Refusal("42P07", f'relation "{name.name}" already exists')
        return Name(name.name, schema)

    def change(self, table: Table, **values: Any) -> Table:
        """The table with other values, entered."""
        changed = replace(table, **values)
        if changed.kind is not Kind.VIEW:
            self.put(changed)
        return changed

    def owned_sequences(self, table: Name, column: str | None = None) -> list[Sequence]:
        """The sequences that go with a table or one of its columns."""
        return [
            each
            for each in self.relations.values()
            if isinstance(each, Sequence)
            and each.owned_by is not None
            and each.owned_by[0] == table
            and column in (None, each.owned_by[1])
        ]


def _copied(mapping: MutableMapping[Key, Value]) -> MutableMapping[Key, Value]:
    return mapping.copy() if isinstance(mapping, Layer) else dict(mapping)


def spoken(name: Name) -> str:
    """A name as the server's messages give it."""
    return f"{name.schema}.{name.name}" if name.schema else name.name


def signature(name: str, arguments: tuple[str, ...]) -> str:
    """A function's name with the types of its arguments."""
    return f"{name}({', '.join(arguments)})"
