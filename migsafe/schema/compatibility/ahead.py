"""The new application on the old schema: what it would look for in vain before the migration has run."""

from __future__ import annotations

from collections.abc import Iterator

from migsafe.schema.compatibility.sight import CALLED, RELATIONS, Sight, gives_value, is_partition
from migsafe.schema.compatibility.types import Fit, fit
from migsafe.schema.statements.names import own_name
from migsafe.schema.statements.writer import listed


def needed_first(sight: Sight) -> tuple[str, ...]:
    """What is new, by kind and name, and what the old schema still refuses."""
    return tuple(dict.fromkeys((*_new(sight), *_refused(sight))))


def _new(sight: Sight) -> Iterator[str]:
    for kind in (*RELATIONS, *CALLED, "sequence"):
        for item in sight.new.schema.of_kind(kind):
            if item.key in sight.old.schema or is_partition(item) or item.fields.get("owned_by"):
                continue
            if item.fields.get("returns") not in ("trigger", "event_trigger"):
                yield f"{item} isn't there yet"
    for item in sight.new.schema.of_kind("enum"):
        old = sight.old.schema.get(item.key)
        if old is not None:
            labels = listed(old.fields.get("labels"))
            yield from (
                f"{item}: the value {each} isn't there yet"
                for each in listed(item.fields["labels"])
                if each not in labels
            )
    for item in sight.new.schema.of_kind("column"):
        there = item.parent in sight.old_relations and item.parent in sight.new_relations
        if there and item.key not in sight.old.schema and not item.fields.get("inherited"):
            yield f"{item} isn't there yet"


def _refused(sight: Sight) -> Iterator[str]:
    for old in sight.old.schema.of_kind("column"):
        new = sight.new.schema.get(old.key)
        if new is None or old.parent not in sight.old_relations or new.fields.get("inherited"):
            continue
        if old.fields.get("not_null") and not new.fields.get("not_null"):
            yield f"{old} still refuses NULL"
        if (
            old.fields["type"] != new.fields["type"]
            and fit(str(old.fields["type"]), str(new.fields["type"])) is Fit.WIDER
        ):
            yield f"{old} is still {old.fields['type']}, which takes less than {new.fields['type']}"
        if old.fields.get("not_null") and gives_value(new) and not gives_value(old):
            yield f"{old} has no default yet"
    for item in sight.old.schema.of_kind("constraint"):
        there = item.parent in sight.new_relations
        if there and item.key not in sight.new.schema and not item.fields.get("inherited"):
            yield f"table {item.parent} still enforces {own_name(item)}, {item.fields['definition']}"
