"""Brings the target's schema and rows to the throwaway server, and proves by a second route that the schema came."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.errors import SettingsError
from migsafe.postgres.catalogs import read_objects
from migsafe.postgres.names import TableName
from migsafe.postgres.reading import SETTINGS
from migsafe.postgres.tables import find_tables as find_books
from migsafe.rehearsal.copying import RowCopier, count, populated_views, refresh, schema_dump, set_sequences
from migsafe.rehearsal.large_objects import bring_large_objects
from migsafe.rehearsal.masks import find_masks
from migsafe.rehearsal.sample import copy_referenced, copy_sample
from migsafe.rehearsal.tables import Reference, SourceTable, find_references, find_tables, require_closed
from migsafe.rehearsal.target import refusals
from migsafe.schema.diff import compare_schemas
from migsafe.schema.model import Schema, SchemaObject

if TYPE_CHECKING:
    import psycopg

    from migsafe.progress import Progress
    from migsafe.rehearsal.likeness import Likeness
    from migsafe.rehearsal.target import Target
    from migsafe.sandbox import Sandbox

DIFFERENCES_NAMED = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted: ``percent`` of them; 100 is all and 0 none."""

    percent: float

    def __str__(self) -> str:
        return (
            f"{self.percent:g} % of the rows" if 0 < self.percent < 100 else "all rows" if self.percent else "no rows"
        )


def read_wanted(text: str) -> Wanted:
    """``all``, ``none`` or ``N%``. Raises :class:`SettingsError` for anything else."""
    words = {"all": 100.0, "none": 0.0}
    number = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    percent = words.get(text, float(number[1]) if number else -1)
    if not 0 <= percent <= 100:
        raise SettingsError(f'rows must be all, none or a share such as 5%, and is "{text}"', where="[rehearse] rows")
    return Wanted(percent)


@dataclass(frozen=True, slots=True)
class Brought:
    """The filled database, the sampled tables with their rows there and here, and what did not come over."""

    database: str
    sampled: Mapping[SourceTable, tuple[int, int]] = field(default_factory=dict)
    not_checked: Mapping[str, str] = field(default_factory=dict)


def bring_over(
    target: Target,
    sandbox: Sandbox,
    likeness: Likeness,
    wanted: Wanted,
    masks: Mapping[str, str],
    progress: Progress,
) -> Brought:
    """Fill a database of the sandbox. Raises :class:`BaselineError` when schema or rows can't be brought over."""
    source = target.connection
    with refusals(target.address):
        tables = find_tables(source)
        references = find_references(source, tables)
        if wanted.percent:
            require_closed(references)
        expressions = find_masks(source, masks, tables, references)
        views = populated_views(source)
        schema = read_schema(source)
    database = sandbox.create("target")
    progress("reading the target's schema")
    with schema_dump(target, sandbox.server, likeness) as dump:
        dump.restore("pre-data", database)
        with sandbox.connect(database) as into:
            for name, value in SETTINGS.items():
                into.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
            copier = RowCopier(target, into, expressions, progress)
            books = find_books(into, sandbox.history.version_tables)
            sampled = _copy_rows(copier, tables, references, wanted, books)
            with refusals(target.address):
                unread = set_sequences(source, into)
                unread |= bring_large_objects(source, into, wanted=wanted.percent == 100)
        progress("making indexes and constraints")
        dump.restore("post-data", database)
    with sandbox.connect(database) as into:
        into.execute("SET search_path TO ''")
        progress("filling materialized views")
        unread |= refresh(into, views)
        into.execute("ANALYZE")
        unread |= _schema_differences(schema, read_schema(into), owners=likeness.roles_there)
    unread |= {table.printed: table.unread for table in tables if table.unread}
    return Brought(database, sampled, unread)


def _copy_rows(
    copier: RowCopier,
    tables: Sequence[SourceTable],
    references: Sequence[Reference],
    wanted: Wanted,
    books: Collection[TableName],
) -> Mapping[SourceTable, tuple[int, int]]:
    """Copy what is wanted, and the tool's own tables whole; returns a sample's rows by table, there and here."""
    readable = [table for table in tables if not table.unread and not table.partitioned]
    whole = {table.printed for table in readable if TableName(table.name, table.schema) in books}
    if 0 < wanted.percent < 100:
        whole |= {each.parent.printed for each in references if each.period}
        counts = copy_sample(copier, readable, whole, wanted.percent)
        copy_referenced(copier, [each for each in references if not each.parent.unread and not each.period])
        return {table: (rows, count(copier.into, table)) for table, rows in counts.items()}
    for table in readable:
        if wanted.percent or table.printed in whole:
            copier.copy(table)
    return {}


def read_schema(connection: psycopg.Connection) -> Schema:
    """The schema in whatever transaction there is. Run it with an empty ``search_path``."""
    return Schema(SchemaObject(each.kind, each.name, each.fields, each.parent) for each in read_objects(connection))


def _schema_differences(there: Schema, here: Schema, *, owners: bool) -> dict[str, str]:
    """Two readings of the catalogs: what pg_dump didn't bring, or brought as something else.

    Not who owns an extension: nothing can give it another owner than who made it.
    """
    difference = compare_schemas(_without_owners_of_extensions(there), _without_owners_of_extensions(here))
    lines = list((difference if owners else difference.without_privileges()).lines())
    if not lines:
        return {}
    more = f"; and {len(lines) - DIFFERENCES_NAMED} more" if len(lines) > DIFFERENCES_NAMED else ""
    return {"schema": f"not as on the target: {'; '.join(lines[:DIFFERENCES_NAMED])}{more}"}


def _without_owners_of_extensions(schema: Schema) -> Schema:
    return Schema(
        replace(item, fields={name: value for name, value in item.fields.items() if name != "owner"})
        if item.kind == "extension"
        else item
        for item in schema.values()
    )
