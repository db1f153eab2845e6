"""What belongs to the database rather than to a table: schemas, extensions, publications, event triggers, foreign data,
languages, text search."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import function_name, literal
from migsafe.schema.statements.on_tables import ENABLED
from migsafe.schema.statements.writer import (
    NotWritten,
    Writer,
    Written,
    change_generic_options,
    fields_of,
    generic_options,
    listed,
    text,
)
from migsafe.sql.identifiers import quoted


@dataclass(frozen=True)
class Namespace(Writer):
    """A schema."""

    word: str = "SCHEMA"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"CREATE SCHEMA {item.name}"


@dataclass(frozen=True)
class Extension(Writer):
    """An extension, in the version that the server has."""

    word: str = "EXTENSION"
    alters: frozenset[str] = frozenset({"version", "schema"})
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        schema = "" if item.fields.get("schema") == "pg_catalog" else f" WITH SCHEMA {text(item, 'schema')}"
        yield f"CREATE EXTENSION IF NOT EXISTS {item.name}{schema}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        fields, name = fields_of(change), change.new.name
        if "version" in fields:
            yield f"ALTER EXTENSION {name} UPDATE TO {literal(str(fields['version'][1]))}"
        if "schema" in fields:
            yield f"ALTER EXTENSION {name} SET SCHEMA {fields['schema'][1]}"


_ACTIONS = ("insert", "update", "delete", "truncate")


@dataclass(frozen=True)
class Publication(Writer):
    """A publication; the tables in it are objects of their own."""

    word: str = "PUBLICATION"
    alters: frozenset[str] = frozenset({*_ACTIONS, "via_root", "generated_columns"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        tables = " FOR ALL TABLES" if item.fields.get("all_tables") else ""
        options = _publication(item)
        yield f"CREATE PUBLICATION {item.name}{tables}{f' WITH ({options})' if options else ''}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        yield f"ALTER PUBLICATION {change.new.name} SET ({_publication(change.new, every=True)})"


def _publication(item: SchemaObject, *, every: bool = False) -> str:
    words = []
    if every or not all(item.fields.get(action) for action in _ACTIONS):
        words.append(f"publish = '{', '.join(action for action in _ACTIONS if item.fields.get(action))}'")
    if every or item.fields.get("via_root"):
        words.append(f"publish_via_partition_root = {str(bool(item.fields.get('via_root'))).lower()}")
    if item.fields.get("generated_columns"):
        words.append("publish_generated_columns = stored")
    return ", ".join(words)


@dataclass(frozen=True)
class PublicationTable(Writer):
    """A table in a publication, without those that inherit from it, which are listed by themselves."""

    word: str = "PUBLICATION"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        columns = listed(item.fields.get("columns"))
        said = f" ({', '.join(map(quoted, columns))})" if columns else ""
        where = f" WHERE ({text(item, 'where')})" if item.fields.get("where") else ""
        yield f"ALTER PUBLICATION {_publication_of(item)} ADD TABLE ONLY {item.parent}{said}{where}"

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"ALTER PUBLICATION {_publication_of(item)} DROP TABLE ONLY {item.parent}"


@dataclass(frozen=True)
class PublicationSchema(Writer):
    """A schema in a publication."""

    word: str = "PUBLICATION"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        schema, _, publication = item.name.partition(" in publication ")
        yield f"ALTER PUBLICATION {publication} ADD TABLES IN SCHEMA {schema}"

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        schema, _, publication = item.name.partition(" in publication ")
        yield f"ALTER PUBLICATION {publication} DROP TABLES IN SCHEMA {schema}"


def _publication_of(item: SchemaObject) -> str:
    return item.name.removeprefix(f"{item.parent} in publication ")


@dataclass(frozen=True)
class EventTrigger(Writer):
    """An event trigger."""

    word: str = "EVENT TRIGGER"
    alters: frozenset[str] = frozenset({"enabled"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        tags = listed(item.fields.get("tags"))
        when = f" WHEN TAG IN ({', '.join(map(literal, tags))})" if tags else ""
        function = text(item, "function")
        yield f"CREATE EVENT TRIGGER {item.name} ON {text(item, 'event')}{when} EXECUTE FUNCTION {function}"
        if item.fields.get("enabled") != "origin":
            yield f"ALTER EVENT TRIGGER {item.name} {ENABLED[text(item, 'enabled')]}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        yield f"ALTER EVENT TRIGGER {change.new.name} {ENABLED[text(change.new, 'enabled')]}"


@dataclass(frozen=True)
class ForeignDataWrapper(Writer):
    """A foreign-data wrapper."""

    word: str = "FOREIGN DATA WRAPPER"
    alters: frozenset[str] = frozenset({"options", "handler", "validator"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        words = [f"{word.upper()} {text(item, word)}" for word in ("handler", "validator") if item.fields.get(word)]
        words += _options(item)
        yield " ".join((f"CREATE FOREIGN DATA WRAPPER {item.name}", *words))

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        start, fields = f"ALTER FOREIGN DATA WRAPPER {change.new.name}", fields_of(change)
        for word in ("handler", "validator"):
            if word in fields:
                value = fields[word][1]
                yield f"{start} {word.upper()} {value}" if value else f"{start} NO {word.upper()}"
        if "options" in fields:
            yield from change_generic_options(start, *fields["options"])


@dataclass(frozen=True)
class ForeignServer(Writer):
    """A foreign server."""

    word: str = "SERVER"
    alters: frozenset[str] = frozenset({"options", "version"})
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        words = [f"{word.upper()} {literal(text(item, word))}" for word in ("type", "version") if item.fields.get(word)]
        wrapper = f"FOREIGN DATA WRAPPER {quoted(text(item, 'wrapper'))}"
        yield " ".join((f"CREATE SERVER {item.name}", *words, wrapper, *_options(item)))

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        start, fields = f"ALTER SERVER {change.new.name}", fields_of(change)
        if "version" in fields and change.new.fields.get("version") is None:
            yield NotWritten(str(change.new), "its version is gone", "no statement takes it away")
        elif "version" in fields:
            yield f"{start} VERSION {literal(text(change.new, 'version'))}"
        if "options" in fields:
            yield from change_generic_options(start, *fields["options"])


def _options(item: SchemaObject) -> list[str]:
    options = listed(item.fields.get("options"))
    return [f"OPTIONS ({generic_options(options)})"] if options else []


@dataclass(frozen=True)
class UserMapping(Writer):
    """A user mapping; its options, which may be passwords, are known by name only and aren't written."""

    word: str = "USER MAPPING"
    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"CREATE {self.word} FOR {self.address(item)}"
        if item.fields.get("options"):
            names = ", ".join(listed(item.fields["options"]))
            yield NotWritten(str(item), f"its options ({names})", "they may be passwords, and are not read")

    def address(self, item: SchemaObject) -> str:
        user, _, server = item.name.rpartition(" on server ")
        return f"{user} SERVER {server}"

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"DROP {self.word} FOR {self.address(item)}"


@dataclass(frozen=True)
class Language(Writer):
    """A procedural language that is no extension's."""

    word: str = "LANGUAGE"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        trusted = "TRUSTED " if item.fields.get("trusted") else ""
        words = [
            f"{word.upper()} {function_name(text(item, word))}"
            for word in ("handler", "inline", "validator")
            if item.fields.get(word)
        ]
        yield " ".join((f"CREATE {trusted}LANGUAGE {item.name}", *words))


@dataclass(frozen=True)
class Transform(Writer):
    """A transform; it is named ``for type on language name``, since PostgreSQL 16 ``for type language name``."""

    word: str = "TRANSFORM"

    def address(self, item: SchemaObject) -> str:
        kind, _, language = item.name.removeprefix("for ").rpartition(" language ")
        return f"FOR {kind.removesuffix(' on')} LANGUAGE {language}"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        words = [
            f"{side} SQL WITH FUNCTION {text(item, name)}"
            for side, name in (("FROM", "from_sql"), ("TO", "to_sql"))
            if item.fields.get(name)
        ]
        yield f"CREATE TRANSFORM {self.address(item)} ({', '.join(words)})"


@dataclass(frozen=True)
class AccessMethod(Writer):
    """An access method."""

    word: str = "ACCESS METHOD"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        kind = "INDEX" if item.fields.get("type") == "i" else "TABLE"
        yield f"CREATE ACCESS METHOD {item.name} TYPE {kind} HANDLER {text(item, 'handler')}"


@dataclass(frozen=True)
class TextSearch(Writer):
    """A text search configuration, dictionary, parser or template."""

    rebuilds: bool = False

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        start = f"CREATE {self.word} {item.name}"
        if item.kind == "text search configuration":
            yield f"{start} (PARSER = {text(item, 'parser')})"
            yield from _mappings(item, {}, item.fields.get("mapping") or {})
        elif item.kind == "text search dictionary":
            options = f", {text(item, 'options')}" if item.fields.get("options") else ""
            yield f"{start} (TEMPLATE = {text(item, 'template')}{options})"
        else:
            words = {"start": "START", "token": "GETTOKEN", "end": "END", "types": "LEXTYPES"}
            words |= {"init": "INIT", "lexize": "LEXIZE", "headline": "HEADLINE"}
            said = [f"{word} = {text(item, name)}" for name, word in words.items() if item.fields.get(name)]
            yield f"{start} ({', '.join(said)})"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        fields = fields_of(change)
        if "mapping" in fields:
            yield from _mappings(change.new, *(each or {} for each in fields["mapping"]))
        if "options" in fields:
            yield f"ALTER TEXT SEARCH DICTIONARY {change.new.name} ({text(change.new, 'options')})"


def _mappings(item: SchemaObject, old: object, new: object) -> Written:
    start = f"ALTER TEXT SEARCH CONFIGURATION {item.name}"
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    for token in sorted(old.keys() | new.keys()):
        word = quoted(token)
        if token not in new:
            yield f"{start} DROP MAPPING FOR {word}"
        elif old.get(token) != new[token]:
            verb = "ALTER" if token in old else "ADD"
            yield f"{start} {verb} MAPPING FOR {word} WITH {', '.join(listed(new[token]))}"


@dataclass(frozen=True)
class DefaultPrivileges(Writer):
    """Privileges that objects get when they are made; :mod:`migsafe.schema.statements.traits` writes them."""

    word: str = "DEFAULT PRIVILEGES"

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield from ()

    def drop(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield from ()
