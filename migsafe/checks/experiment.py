"""What every check is given: one step of the history, where it started from, and what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from migsafe.config import CheckSettings
from migsafe.findings import CheckResult, Location
from migsafe.history.model import Migration
from migsafe.sandbox import Sandbox, TracedRun
from migsafe.state import State


@dataclass(frozen=True, slots=True)
class Step:
    """What is applied in one go: one migration, or everything that is pending (``target`` is none then)."""

    version: str
    description: str
    files: tuple[Path, ...]
    target: Migration | None

    @property
    def location(self) -> Location:
        """The step's file, where it is a single one."""
        return Location(file=self.files[0]) if len(self.files) == 1 else Location()


@dataclass(frozen=True)
class Experiment:
    """One step, applied once to a clone of ``before``.

    ``before`` and ``after`` are kept databases: they may be cloned and read, never written. After a step that failed,
    ``after`` is what it left behind. ``server_changes`` are the roles, databases and tablespaces that it changed: no
    clone takes that back, so every later run on this server meets them.
    """

    sandbox: Sandbox
    step: Step
    before: str
    state_before: State
    after: str
    applied: TracedRun
    settings: CheckSettings = field(default_factory=CheckSettings)
    server_changes: tuple[str, ...] = ()

    @property
    def idempotency_required(self) -> bool:
        return self.settings.idempotency == "required"

    @cached_property
    def state_after(self) -> State:
        return self.sandbox.state(self.after)


Check = Callable[[Experiment], CheckResult]
"""One claim about a step. Pure but for what it does on databases of its own."""
