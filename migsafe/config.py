"""Settings: one tree of plain values, read from ``migsafe.toml`` or ``[tool.migsafe]``, then environment, then flags."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migsafe.history.model import HistorySettings
from migsafe.postgres.server import ServerSettings


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """What the experiments start from. At most one of ``dump``, ``url_variable`` and ``sql`` is given.

    ``dump`` is a pg_dump (directory, custom or plain). ``url_variable`` names the environment variable that holds the
    URL of a database that is only read. ``sql`` are files run on the empty database first. With none of them the
    history is replayed from nothing. ``rows`` are SQL files with rows, loaded when the history stands at
    ``rows_revision`` (default: at the base). ``revision`` is the base: what comes after it is new (default: what the
    baseline's own version table says; for ``since``, the last migration of that git ref).
    """

    dump: Path | None = None
    url_variable: str | None = None
    sql: tuple[Path, ...] = ()
    rows: tuple[Path, ...] = ()
    rows_revision: str | None = None
    revision: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """Which checks run and how strict they are.

    ``only`` limits the run to these checks (empty: all). ``idempotency`` is ``no-surprises`` (a migration may refuse to
    run twice if it runs in one transaction) or ``required`` (it must be idempotent). ``statement_timeout`` in seconds
    bounds each run of the migration tool (0: no bound).
    """

    only: tuple[str, ...] = ()
    idempotency: str = "no-surprises"
    statement_timeout: int = 600


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user can say. ``file`` is where it was read from (none: nothing was found, all defaults)."""

    root: Path
    file: Path | None = None
    history: HistorySettings = field(default_factory=lambda: HistorySettings(root=Path()))
    server: ServerSettings = field(default_factory=ServerSettings)
    baseline: BaselineSettings = field(default_factory=BaselineSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
