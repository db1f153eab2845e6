"""The catalog: what a database holds, changed by what statements do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from migsafe.catalog import alterations, drops, makings
from migsafe.catalog.holdings import Effect, Holdings, Refusal
from migsafe.sql.actions import Action

_HANDLERS: Mapping[type[Action], Callable[[Holdings, Any], Effect]] = {
    **makings.HANDLERS,
    **alterations.HANDLERS,
    **drops.HANDLERS,
}


class Catalog(Holdings):
    """What a database holds, changed by :meth:`apply` alone."""

    def apply(self, action: Action) -> Effect:
        """Carry out one action. A refused action changes nothing."""
        handler = _HANDLERS.get(type(action))
        if handler is None:
            return Effect()
        try:
            return handler(self, action)
        except Refusal as refusal:
            return Effect(refusal=refusal)

    def apply_all(self, actions: Iterable[Action]) -> tuple[Effect, ...]:
        """Carry out the actions of one statement: all of them, or none where one is refused (the last effect)."""
        actions = tuple(actions)
        before = self.copy() if len(actions) > 1 else None
        effects = []
        for action in actions:
            effects.append(self.apply(action))
            if effects[-1].refusal:
                if before:
                    self.relations, self.others, self.gone = before.relations, before.others, before.gone
                break
        return tuple(effects)
