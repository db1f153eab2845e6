"""Views and materialized views."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import ObjectChange
from migsafe.schema.model import Json, SchemaObject
from migsafe.schema.statements.columns import columns_of
from migsafe.schema.statements.names import own_name
from migsafe.schema.statements.writer import Writer, Written, change_settings, fields_of, listed, settings, text


@dataclass(frozen=True)
class View(Writer):
    """A view. It is replaced in place as long as its old columns stay the first of the new ones."""

    word: str = "VIEW"
    alters: frozenset[str] = frozenset({"definition", "options"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        yield f"CREATE VIEW {_definition(item)}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        if "definition" in fields_of(change):
            yield f"CREATE OR REPLACE VIEW {_definition(change.new)}"
        else:
            yield from change_settings(f"ALTER VIEW {change.new.name}", *fields_of(change)["options"])

    def needs_rebuilding(self, change: ObjectChange, old: Catalog, new: Catalog) -> bool:
        before, after = (
            [(own_name(item), *_type(item)) for item in columns_of(change.new.name, catalog)] for catalog in (old, new)
        )
        return after[: len(before)] != before or Writer.needs_rebuilding(self, change, old, new)


def _type(item: SchemaObject) -> tuple[Json, Json]:
    return (item.fields.get("type"), item.fields.get("collation"))


@dataclass(frozen=True)
class MaterializedView(Writer):
    """A materialized view: another query needs another view."""

    word: str = "MATERIALIZED VIEW"
    alters: frozenset[str] = frozenset({"options", "populated", "tablespace", "access_method"})

    def create(self, item: SchemaObject, catalog: Catalog) -> Written:
        tablespace = f" TABLESPACE {text(item, 'tablespace')}" if item.fields.get("tablespace") else ""
        rows = "" if item.fields.get("populated") else "\nWITH NO DATA"
        yield f"CREATE MATERIALIZED VIEW {_definition(item, tablespace)}{rows}"

    def alter(self, change: ObjectChange, old: Catalog, new: Catalog) -> Written:
        fields, name = fields_of(change), change.new.name
        if "options" in fields:
            yield from change_settings(f"ALTER MATERIALIZED VIEW {name}", *fields["options"])
        if "access_method" in fields:
            yield f"ALTER MATERIALIZED VIEW {name} SET ACCESS METHOD {text(change.new, 'access_method')}"
        if "tablespace" in fields:
            yield f"ALTER MATERIALIZED VIEW {name} SET TABLESPACE {text(change.new, 'tablespace') or 'pg_default'}"
        if "populated" in fields:
            yield f"REFRESH MATERIALIZED VIEW {name}{'' if change.new.fields.get('populated') else ' WITH NO DATA'}"


def _definition(item: SchemaObject, tablespace: str = "") -> str:
    options = listed(item.fields.get("options"))
    said = f" WITH ({settings(options)})" if options else ""
    method = item.fields.get("access_method")
    using = f" USING {method}" if method not in (None, "heap") else ""
    return f"{item.name}{using}{said}{tablespace} AS\n{text(item, 'definition').rstrip(';')}"
