"""Where in the user's files each statement of a run comes from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from migsafe.findings import Location
from migsafe.history.model import Place
from migsafe.wire.statements import Seen

_OF_THE_TOOL = ("BEGIN", "COMMIT", "ROLLBACK", "START TRANSACTION")
"""Command tags of what a driver sends by itself; where the user wrote it, it is sent with nothing else before it."""


def locations_of(seen: Sequence[Seen], places: Sequence[Place]) -> list[Location]:
    """A location for each statement; an empty one for what the tool sent of its own."""
    ordered = sorted(places, key=lambda place: place.started)
    starts = [place.started for place in ordered]
    found = []
    for each in seen:
        index = bisect_right(starts, each.started) - 1
        place = ordered[index] if index >= 0 and each.started <= ordered[index].ended else None
        found.append(_location(each, place))
    return found


def _location(seen: Seen, place: Place | None) -> Location:
    if place is None or not place.locations:
        return Location()
    if len(place.locations) == 1:
        by_driver = seen.statement.command_tag in _OF_THE_TOOL and place.locations[0].column is None
        return Location() if by_driver else place.locations[0]
    return place.locations[min(seen.index, len(place.locations) - 1)]
