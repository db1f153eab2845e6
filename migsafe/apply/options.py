"""What the user said of one run of ``migsafe apply``, and how the run speaks to the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migsafe.config import Settings


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said of this one run. ``deep`` restores the snapshot elsewhere first, to prove it.

    ``read_only`` keeps new sessions of others from writing while it runs. ``tag`` is the user's name for the snapshot.
    """

    settings: Settings
    end_sessions: bool = False
    accept_loss: bool = False
    deep: bool = False
    read_only: bool = False
    tag: str | None = None

    @property
    def jobs(self) -> int:
        return self.settings.snapshots.jobs


@dataclass(frozen=True, slots=True)
class Voice:
    """How the run speaks: ``say`` a line, report ``progress``, ``ask`` before overwriting (false: nobody is there).

    ``way_back`` gives the command that restores a snapshot.
    """

    say: Callable[[str], None]
    progress: Callable[[str], None]
    ask: Callable[[str], bool]
    way_back: Callable[[Path], str]
