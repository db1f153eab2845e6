"""The rules: one file each, found by looking into this package. A rule's module has a ``RULE``."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from migsafe.rules.rule import Confidence, Match, Rule

__all__ = ["Confidence", "Match", "Rule", "rule_named", "rules"]

_NO_RULES = ("rule", "claims", "context", "locks", "values", "names", "constraints", "index_builds", "edits", "page")
"""The modules of this package that hold no rule."""


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its id, in the order of the hazards."""
    names = (each.name for each in pkgutil.iter_modules(__path__) if each.name not in _NO_RULES)
    found = [import_module(f"{__name__}.{name}").RULE for name in names]
    return {rule.id: rule for rule in sorted(found, key=lambda rule: (rule.hazard[0], int(rule.hazard[1:]), rule.id))}


@cache
def _by_alias() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules().values():
        for alias in (rule.id, *rule.aliases):
            found[alias.lower()] = (*found.get(alias.lower(), ()), rule.id)
    return found


def rule_named(name: str) -> tuple[str, ...]:
    """The ids of the rules that go by this name, their own or another linter's; empty where there are none."""
    return _by_alias().get(name.lower(), ())
