"""A state as JSON and back, so that it can be kept beside a dump and compared with what the dump brings back."""

from __future__ import annotations

from typing import Any

from migsafe.rows.contents import ColumnContents, Contents, SequencePosition, TableContents
from migsafe.schema.model import Schema, SchemaObject
from migsafe.state import State


def to_json(state: State) -> dict[str, Any]:
    """Plain values; digests are whole numbers of up to 128 bits."""
    contents = state.contents
    return {
        "schema": [
            {"kind": item.kind, "name": item.name, "parent": item.parent, "fields": dict(item.fields)}
            for item in state.schema.values()
        ],
        "tables": {name: _table_to_json(table) for name, table in contents.tables.items()},
        "sequences": {name: [at.last_value, at.is_called] for name, at in contents.sequences.items()},
        "not_checked": dict(contents.not_checked),
    }


def from_json(document: dict[str, Any]) -> State:
    """The inverse of :func:`to_json`. Raises ``KeyError``, ``TypeError`` or ``ValueError`` when it is none."""
    return State(
        Schema(SchemaObject(**item) for item in document["schema"]),
        Contents(
            tables={name: _table(table) for name, table in document["tables"].items()},
            sequences={name: SequencePosition(*at) for name, at in document["sequences"].items()},
            not_checked=document["not_checked"],
        ),
    )


def _table_to_json(table: TableContents) -> dict[str, Any]:
    columns = {name: [c.values, c.digest, c.method, c.number] for name, c in table.columns.items()}
    return {"rows": table.rows, "columns": columns, "key": table.key, "row_digest": table.row_digest}


def _table(document: dict[str, Any]) -> TableContents:
    return TableContents(
        rows=document["rows"],
        columns={name: ColumnContents(*column) for name, column in document["columns"].items()},
        key=tuple((column, method) for column, method in document["key"]),
        row_digest=document["row_digest"],
    )
