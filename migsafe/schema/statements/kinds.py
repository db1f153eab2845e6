"""The writers by kind of object, in the order in which objects are made where nothing else tells."""

from __future__ import annotations

from collections.abc import Mapping

from migsafe.schema.statements import database, functions, on_tables, tables, types, views
from migsafe.schema.statements.columns import Column
from migsafe.schema.statements.sequences import Sequence
from migsafe.schema.statements.writer import Writer

WRITERS: Mapping[str, Writer] = {
    "schema": database.Namespace(),
    "extension": database.Extension(),
    "language": database.Language(),
    "collation": types.Collation(),
    "enum": types.Enum(),
    "composite type": tables.CompositeType(),
    "domain": types.Domain(),
    "range": types.Range(),
    "base type": types.BaseType(),
    "sequence": Sequence(),
    "function": functions.Function(),
    "procedure": functions.Function(word="PROCEDURE"),
    "aggregate": functions.Aggregate(),
    "operator": types.Operator(),
    "operator family": types.OperatorFamily(),
    "operator class": types.OperatorClass(),
    "cast": types.Cast(),
    "conversion": types.Conversion(),
    "transform": database.Transform(),
    "access method": database.AccessMethod(),
    "text search parser": database.TextSearch(word="TEXT SEARCH PARSER"),
    "text search template": database.TextSearch(word="TEXT SEARCH TEMPLATE"),
    "text search dictionary": database.TextSearch(
        word="TEXT SEARCH DICTIONARY", alters=frozenset({"options"}), rebuilds=False
    ),
    "text search configuration": database.TextSearch(word="TEXT SEARCH CONFIGURATION", alters=frozenset({"mapping"})),
    "foreign-data wrapper": database.ForeignDataWrapper(),
    "foreign server": database.ForeignServer(),
    "user mapping": database.UserMapping(),
    "foreign table": tables.ForeignTable(),
    "table": tables.Table(),
    "column": Column(),
    "constraint": on_tables.Constraint(),
    "index": on_tables.Index(),
    "view": views.View(),
    "materialized view": views.MaterializedView(),
    "rule": on_tables.Trigger(word="RULE"),
    "trigger": on_tables.Trigger(),
    "policy": on_tables.Policy(),
    "statistics": on_tables.Statistics(),
    "publication": database.Publication(),
    "publication table": database.PublicationTable(),
    "publication schema": database.PublicationSchema(),
    "event trigger": database.EventTrigger(),
    "default privileges": database.DefaultPrivileges(),
}

RANKS: Mapping[str, int] = {kind: rank for rank, kind in enumerate(WRITERS)}
