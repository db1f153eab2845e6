"""What takes back the half of a migration that a crash left behind: statements, as far as the schema tells. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from migsafe.rows.contents import compare_contents
from migsafe.schema.diff import compare_schemas

if TYPE_CHECKING:
    from migsafe.schema.diff import ObjectChange
    from migsafe.schema.model import SchemaObject
    from migsafe.state import State

_DROPPED = ("table", "view", "materialized view", "sequence", "type", "function", "procedure", "schema", "extension")
"""Kinds that ``DROP KIND NAME`` takes back."""


def clean_up(before: State, left: State) -> tuple[str, ...]:
    """The statements that lead from what was left behind back to the state before; a comment for what they can't do.

    Where nothing was left behind there are none.
    """
    return tuple(_lines(before, left))


def _lines(before: State, left: State) -> Iterator[str]:
    difference = compare_schemas(before.schema, left.schema)
    added = {item.name for item in difference.added}
    for item in difference.added:
        if item.parent not in added:
            yield from _drop(item)
    for change in difference.changed:
        yield from _finish(change)
    for item in difference.removed:
        yield f"-- {item} is gone: make it again, or let the rest of the migration be run by hand"
    for table in compare_contents(before.contents, left.contents).tables:
        if table.old and table.new:
            yield f"-- rows of {table.name} are changed: see which the migration has still to do"


def _drop(item: SchemaObject) -> Iterator[str]:
    if item.kind == "index":
        yield f"DROP INDEX{' CONCURRENTLY' if item.fields.get('invalid') else ''} {item.name};"
    elif item.kind == "column" and item.parent:
        yield f"ALTER TABLE {item.parent} DROP COLUMN {item.name.removeprefix(item.parent + '.')};"
    elif item.kind == "constraint" and item.parent:
        yield f"ALTER TABLE {item.parent} DROP CONSTRAINT {item.name.removesuffix(f' on {item.parent}')};"
    elif item.kind in _DROPPED:
        yield f"DROP {item.kind.upper()} {item.name};"
    else:
        yield f"-- {item} was added"


def _finish(change: ObjectChange) -> Iterator[str]:
    fields = {field.field for field in change.fields}
    parents = change.new.fields.get("inherits")
    if "detach_pending" in fields and isinstance(parents, list):
        yield f"ALTER TABLE {parents[0]} DETACH PARTITION {change.new.name} FINALIZE;"
    elif "invalid" in fields:
        yield f"REINDEX INDEX CONCURRENTLY {change.new.name};"
    else:
        yield f"-- {change.new} was changed: {', '.join(sorted(fields))}"
