"""What looks like a new name: one thing gone and one come that are otherwise alike.

A schema doesn't say whether a column was renamed or another one put in its place, so that nothing is taken for a
rename; it is said to the reader, who knows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from migsafe.schema.catalog import Catalog
from migsafe.schema.diff import SchemaDifference
from migsafe.schema.model import SchemaObject
from migsafe.schema.statements.names import own_name, parts


def likely_renames(difference: SchemaDifference, old: Catalog, new: Catalog) -> Iterator[str]:
    """The statements that rename, one for each pair that has no rival: tables with the same columns, and columns of a
    table that both schemas have."""
    for gone, come in _alone(_likenesses(difference.removed, old), _likenesses(difference.added, new)):
        before, after = own_name(gone), own_name(come)
        if gone.kind == "column":
            yield f"ALTER TABLE {gone.parent} RENAME COLUMN {before} TO {after}"
        elif parts(before)[:-1] == parts(after)[:-1]:
            yield f"ALTER TABLE {before} RENAME TO {parts(after)[-1]}"


def _likenesses(objects: Iterable[SchemaObject], catalog: Catalog) -> Iterator[tuple[str, SchemaObject]]:
    """Each table and each column with all that is said of it but its name and its place."""
    gone = {item.name for item in objects if item.kind == "table"}
    for item in objects:
        if item.kind == "table":
            columns = [
                [own_name(each), dict(each.fields)]
                for each in catalog.parts.get(item.name, ())
                if each.kind == "column"
            ]
            if columns:
                yield json.dumps(["table", dict(item.fields), columns], sort_keys=True), item
        elif item.kind == "column" and item.parent not in gone:
            said = {name: value for name, value in item.fields.items() if name != "position"}
            yield json.dumps(["column", item.parent, said], sort_keys=True), item


def _alone(
    removed: Iterable[tuple[str, SchemaObject]], added: Iterable[tuple[str, SchemaObject]]
) -> Iterator[tuple[SchemaObject, SchemaObject]]:
    sides: defaultdict[str, tuple[list[SchemaObject], list[SchemaObject]]] = defaultdict(lambda: ([], []))
    for side, objects in enumerate((removed, added)):
        for likeness, item in objects:
            sides[likeness][side].append(item)
    for gone, come in sides.values():
        if len(gone) == len(come) == 1:
            yield gone[0], come[0]
