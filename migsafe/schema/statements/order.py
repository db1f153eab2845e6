"""Puts steps into an order in which each comes after what it must come after."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

Step = TypeVar("Step")


def in_order(after: Mapping[Step, Iterable[Step]], rank: Callable[[Step], Any]) -> list[Step]:
    """All steps; ``after`` names for each those that come first. Of those that may be next the lowest ``rank`` is.

    Where steps go round in a circle, the lowest rank among them goes first.
    """
    waiting = {step: {each for each in before if each in after and each != step} for step, before in after.items()}
    followers: dict[Step, list[Step]] = {}
    for step, before in waiting.items():
        for each in before:
            followers.setdefault(each, []).append(step)
    ready = [(rank(step), step) for step, before in waiting.items() if not before]
    heapq.heapify(ready)
    found: list[Step] = []
    while waiting:
        if not ready:
            heapq.heappush(ready, min((rank(step), step) for step in waiting))
        step = heapq.heappop(ready)[1]
        if waiting.pop(step, None) is None:
            continue
        found.append(step)
        for follower in followers.get(step, ()):
            if follower in waiting:
                waiting[follower].discard(step)
                if not waiting[follower]:
                    heapq.heappush(ready, (rank(follower), follower))
    return found
