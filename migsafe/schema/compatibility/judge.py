"""Both questions at once: what breaks the old application, and what the new one needs first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from migsafe.findings import Evidence, Finding
from migsafe.plain import first_lines
from migsafe.schema.catalog import Catalog
from migsafe.schema.compatibility.ahead import needed_first
from migsafe.schema.compatibility.others import access, constraints, functions, types
from migsafe.schema.compatibility.relations import relations
from migsafe.schema.compatibility.sight import Sight
from migsafe.schema.model import ObjectKey

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Impact:
    """What breaks the old application on the new schema, and what the new application needs that the old one hasn't.

    Where there is both, no order of deploying is safe: the migration must be cut in two.
    """

    breaks: tuple[Finding, ...]
    needed_first: tuple[str, ...]

    @property
    def no_order_is_safe(self) -> bool:
        return bool(self.breaks and self.needed_first)


def judge(
    old: Catalog, new: Catalog, *, same_database: bool = False, renamed: Mapping[ObjectKey, str] | None = None
) -> Impact:
    """Class every change. With ``same_database`` new names are known by oids, otherwise they are told by likeness, but
    for those that are ``renamed``: new names by old objects."""
    sight = Sight(old, new, same_database, renamed or {})
    breaks = tuple(finding for part in (relations, types, constraints, functions, access) for finding in part(sight))
    return Impact(breaks, needed_first(sight))


def with_order(impact: Impact) -> tuple[Finding, ...]:
    """The findings, each with what the new application waits for, where no order of deploying is safe."""
    if not impact.no_order_is_safe:
        return impact.breaks
    why = Evidence("and the new application can't go first", "\n".join(first_lines(impact.needed_first, SHOWN)))
    return tuple(replace(finding, evidence=(*finding.evidence, why)) for finding in impact.breaks)
