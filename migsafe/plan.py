"""What there is to check: the history as it may be asked about, what is new in it, and in which steps it is applied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from migsafe.errors import HistoryError
from migsafe.findings import Finding, Severity

if TYPE_CHECKING:
    from migsafe.baseline import Baseline
    from migsafe.checks.experiment import Step
    from migsafe.config import Settings
    from migsafe.history.model import History

GO_BY_NUMBERS = ("flyway", "golang-migrate")
"""The kinds of history whose tool won't run a migration below the version at which a database stands."""

GRACE = 10
"""Seconds that a tool which is another program gets beyond the statement timeout, so that the server speaks first."""

A_YEAR = 366 * 24 * 3600


def read_history(settings: Settings) -> History:
    """The project's history, with a bound to each run of its tool. Raises :class:`HistoryError` when it is empty, and
    :class:`migsafe.errors.SettingsError` where the settings say something that its tool has no use for."""
    from migsafe.history.kinds import open_history, refuse_keys_of_other_kinds

    bound = settings.checks.statement_timeout + GRACE if settings.checks.statement_timeout else A_YEAR
    history = open_history(replace(settings.history, timeout=bound))
    refuse_keys_of_other_kinds(settings.history, history.kind)
    _refuse_empty(history, settings)
    return history


def _refuse_empty(history: History, settings: Settings) -> None:
    """No migration at all is a wrong path or kind more often than a new project, and must not read as safe."""
    if history.stepwise and not history.migrations:
        ignored = history.problems()
        raise HistoryError(
            f"there is no migration in this {history.kind} history" + (f": {ignored[0].message}" if ignored else ""),
            where=str(settings.history.path or settings.history.root),
            hint="Name its directory in [history] path and its tool in kind, or write the first migration.",
        )


def edits(history: History, since: str | None) -> tuple[Finding, ...]:
    """What was done to merged migrations since that git ref, and what comes too late for tools that go by numbers."""
    if since is None:
        return ()
    from migsafe.history.edits import edited_since, out_of_order_since

    late = out_of_order_since(history.migrations, since) if history.kind in GO_BY_NUMBERS else ()
    return (*edited_since(history.migrations, since), *late)


def matters(finding: Finding, history: History, baseline: Baseline) -> bool:
    """Whether it is an error, or not about a migration that was merged before: that is no longer to be mended.

    What lies among the migrations and is none, so that the tool passes it over, matters as long as it lies there.
    """
    new, known = (
        {file for migration in migrations for file in (migration.up, migration.down) if file}
        for migrations in (baseline.new, history.migrations)
    )
    return finding.severity is Severity.ERROR or finding.location.file not in known - new


def left_out(count: int) -> dict[str, str]:
    """The line that says how many findings don't matter; nothing where there are none."""
    if count == 0:
        return {}
    return {"the older migrations": f"warnings and notes on what is not new: {count} left out"}


def steps(history: History, baseline: Baseline) -> tuple[Step, ...]:
    """One step a new migration, or one for all of them where the tool can't stop between."""
    from migsafe.checks.experiment import Step

    if history.stepwise:
        return tuple(Step(new.version, new.description, (new.up,), new) for new in baseline.new)
    files = tuple(dict.fromkeys(migration.up for migration in baseline.new))
    return (Step("pending", "all pending migrations", files, None),)
