"""Which checks run, in which order, and what they add up to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from migsafe.checks.apply import check_apply
from migsafe.checks.apply_twice import check_apply_twice
from migsafe.checks.data import FAILURES as DATA_FAILURES
from migsafe.checks.data import check_data
from migsafe.checks.experiment import Check, Experiment, Step
from migsafe.checks.restore import check_restore
from migsafe.errors import HistoryError, SettingsError
from migsafe.findings import (
    BaselineReport,
    CheckResult,
    Finding,
    MigrationReport,
    Outcome,
    Report,
    ServerReport,
    Severity,
)
from migsafe.ignores import apply_ignores, read_ignores
from migsafe.postgres.shared_objects import changes

if TYPE_CHECKING:
    from migsafe.baseline import Baseline
    from migsafe.config import CheckSettings, Settings
    from migsafe.history.model import History
    from migsafe.sandbox import Progress, Sandbox

CHECKS: dict[str, Check] = {
    "apply": check_apply,
    "data": check_data,
    "apply-twice": check_apply_twice,
    "restore": check_restore,
}
"""Every check by name, in the order in which they are run and reported."""

GO_BY_NUMBERS = ("flyway", "golang-migrate")
"""The kinds of history whose tool won't run a migration below the version at which a database stands."""

NEVER_CONNECTED = (
    "the tool says that it succeeded, and never connected to the sandbox: does it take its URL from another variable "
    "([history] url_by), or does it do nothing at all?"
)

GRACE = 10
"""Seconds that a tool which is another program gets beyond the statement timeout, so that the server speaks first."""

A_YEAR = 366 * 24 * 3600


def check(settings: Settings, progress: Progress) -> Report:
    """Run every check on every new migration, on a server that is gone afterwards.

    Raises :class:`migsafe.errors.MigsafeError` when the question can't be asked: no server, a history or a baseline
    that doesn't load, settings that mean nothing. Everything else, a failing migration included, is in the report.
    """
    from migsafe.baseline import build_baseline, require_files
    from migsafe.postgres.servers import start
    from migsafe.sandbox import Sandbox

    started = time.monotonic()
    chosen = chosen_checks(settings)
    progress("reading the history")
    history = read_history(settings)
    require_files(settings.baseline)
    problems = (*history.problems(), *_edits(history, settings.baseline.since))
    progress("starting PostgreSQL")
    with start(settings.server) as server:
        sandbox = Sandbox(server, history, statement_timeout=settings.checks.statement_timeout)
        baseline = build_baseline(sandbox, settings.baseline, progress)
        contents = sandbox.state(baseline.database).contents
        shown = tuple(finding for finding in problems if matters(finding, baseline))
        gate = Gate(sandbox, chosen, settings.checks, progress)
        migrations = tuple(gate.run(steps(history, baseline), baseline.database))
        return Report(
            command="check",
            history=history.kind,
            server=ServerReport(server.kind, server.version, server.passed_over),
            baseline=BaselineReport(baseline.source, baseline.revision, len(contents.tables), contents.rows),
            migrations=migrations,
            findings=(*shown, *gate.findings),
            not_checked={
                **{f"check {name}": "left out by the settings" for name in CHECKS if name not in chosen},
                **contents.not_checked,
                **gate.unread,
                **_left_out(len(problems) - len(shown)),
            },
            seconds=time.monotonic() - started,
        )


def read_history(settings: Settings) -> History:
    """The project's history, with a bound to each run of its tool. Raises :class:`HistoryError` when it is empty."""
    from migsafe.history.kinds import open_history

    bound = settings.checks.statement_timeout + GRACE if settings.checks.statement_timeout else A_YEAR
    history = open_history(replace(settings.history, timeout=bound))
    _refuse_empty(history, settings)
    return history


def chosen_checks(settings: Settings) -> dict[str, Check]:
    """The checks that the settings ask for. Raises :class:`SettingsError` for a name that there is not."""
    only = settings.checks.only or tuple(CHECKS)
    unknown = [name for name in only if name not in CHECKS]
    if unknown:
        raise SettingsError(f"there is no check {unknown[0]!r}", hint=f"The checks are {', '.join(CHECKS)}.")
    unknown = sorted({*settings.checks.data_fails} - {*map(str, DATA_FAILURES)})
    if unknown:
        hint = f"There is {', '.join(DATA_FAILURES)}."
        raise SettingsError(f"[checks] data_fails names {unknown[0]!r}, which becomes of no value", hint=hint)
    return {name: check for name, check in CHECKS.items() if name in only}


def _refuse_empty(history: History, settings: Settings) -> None:
    """No migration at all is a wrong path or kind more often than a new project, and must not read as safe."""
    if history.stepwise and not history.migrations:
        ignored = history.problems()
        raise HistoryError(
            f"there is no migration in this {history.kind} history" + (f": {ignored[0].message}" if ignored else ""),
            where=str(settings.history.path or settings.history.root),
            hint="Name its directory in [history] path and its tool in kind, or write the first migration.",
        )


def _edits(history: History, since: str | None) -> tuple[Finding, ...]:
    """What was done to merged migrations since that git ref, and what comes too late for tools that go by numbers."""
    if since is None:
        return ()
    from migsafe.history.edits import edited_since, out_of_order_since

    late = out_of_order_since(history.migrations, since) if history.kind in GO_BY_NUMBERS else ()
    return (*edited_since(history.migrations, since), *late)


def matters(finding: Finding, baseline: Baseline) -> bool:
    """Whether it is an error, or about a migration that is new: what was merged before is no longer to be mended."""
    files = {file for migration in baseline.new for file in (migration.up, migration.down) if file}
    return finding.severity is Severity.ERROR or finding.location.file is None or finding.location.file in files


def _left_out(count: int) -> dict[str, str]:
    if count == 0:
        return {}
    return {"the older migrations": f"warnings and notes on what is not new: {count} left out"}


def steps(history: History, baseline: Baseline) -> tuple[Step, ...]:
    """One step a new migration, or one for all of them where the tool can't stop between."""
    if history.stepwise:
        return tuple(Step(new.version, new.description, (new.up,), new) for new in baseline.new)
    files = tuple(dict.fromkeys(migration.up for migration in baseline.new))
    return (Step("pending", "all pending migrations", files, None),)


@dataclass(frozen=True, slots=True)
class Gate:
    """The chosen checks, run on one step after the other.

    ``unread`` gathers what could not be read, and why; ``findings`` what is wrong with ignore comments.
    """

    sandbox: Sandbox
    checks: dict[str, Check]
    settings: CheckSettings
    progress: Progress
    unread: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def run(self, steps: tuple[Step, ...], baseline: str) -> Iterator[MigrationReport]:
        """Each step starts where the one before it ended; after a step that fails the rest is not checked."""
        before, failed = baseline, None
        for step in steps:
            if failed:
                yield self._not_checked(step, f"{failed.version}, which comes before it, fails")
                continue
            experiment = self._experiment(step, before)
            if experiment.applied.succeeded and not experiment.applied.connected:
                yield self._not_checked(step, NEVER_CONNECTED)
                self.sandbox.drop(before)
                before, failed = experiment.after, step
                continue
            results, useless = apply_ignores(read_ignores(step.files), tuple(self._results(experiment)), CHECKS)
            self.findings.extend(useless)
            self.unread.update(experiment.state_after.contents.not_checked)
            yield MigrationReport(step.version, step.description, step.files, results, experiment.applied.statements)
            self.sandbox.drop(before)
            before = experiment.after
            failed = step if not experiment.applied.succeeded else None
        self.sandbox.drop(before)

    def _experiment(self, step: Step, before: str) -> Experiment:
        self.progress(f"{step.version}: applying")
        after = self.sandbox.create("after", template=before)
        shared = self.sandbox.shared_objects()
        applied = self.sandbox.upgrade(after, step.target)
        changed = tuple(changes(shared, self.sandbox.shared_objects()))
        return Experiment(self.sandbox, step, before, after, applied, self.settings, changed)

    def _results(self, experiment: Experiment) -> Iterator[CheckResult]:
        for name, check in self.checks.items():
            self.progress(f"{experiment.step.version}: {name}")
            yield check(experiment)

    def _not_checked(self, step: Step, reason: str) -> MigrationReport:
        results = tuple(CheckResult(name, Outcome.NOT_CHECKED, reason=reason) for name in self.checks)
        return MigrationReport(step.version, step.description, step.files, results)
