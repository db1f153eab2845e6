"""Names of things in a database, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableName:
    """A table, by schema and name, unquoted. ``schema`` is none when it is left to the search path."""

    name: str
    schema: str | None = None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


def parse_table_name(text: str) -> TableName:
    """Read ``schema.name`` or ``name`` as it stands in the settings, unquoted."""
    schema, _, name = text.rpartition(".")
    return TableName(name, schema or None)
