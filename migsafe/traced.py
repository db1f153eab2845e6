"""``migsafe trace``: the new migrations run once, with everything that each statement did."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from migsafe.baseline import build_baseline, require_files
from migsafe.checks.apply import check_apply
from migsafe.errors import UsageError
from migsafe.findings import CheckResult, Outcome, Report
from migsafe.gate import Gate, baseline_report, server_report
from migsafe.plan import read_history, steps
from migsafe.postgres.servers.kinds import start
from migsafe.sandbox import Sandbox
from migsafe.setting import nearest

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment, Step
    from migsafe.config import Settings
    from migsafe.progress import Progress


def trace(settings: Settings, versions: Sequence[str], progress: Progress) -> Report:
    """Run the new migrations, and show those that are named, or all of them.

    Raises :class:`UsageError` for a version that is not among the new ones, and else what
    :func:`migsafe.gate.check` raises.
    """
    started = time.monotonic()
    progress("reading the history")
    history = read_history(settings)
    require_files(settings.baseline)
    progress("starting PostgreSQL")
    with start(settings.server) as server:
        sandbox = Sandbox(server, history, statement_timeout=settings.checks.statement_timeout)
        baseline = build_baseline(sandbox, settings.baseline, progress)
        new = steps(history, baseline)
        shown = _named(new, versions) if versions else new
        state = sandbox.state(baseline.database)
        gate = Gate(sandbox, {"apply": check_apply, "trace": check_traced}, settings.checks, progress)
        last = max((new.index(step) for step in shown), default=-1)
        migrations = gate.run(new[: last + 1], baseline.database, state)
        return Report(
            command="trace",
            history=history.kind,
            server=server_report(server),
            baseline=baseline_report(baseline, state),
            migrations=tuple(
                migration
                for migration, step in zip(migrations, new, strict=False)
                if step in shown or any(check.outcome is Outcome.FAILED for check in migration.checks)
            ),
            seconds=time.monotonic() - started,
        )


def check_traced(experiment: Experiment) -> CheckResult:
    """Whether the server let the locks, rewrites and scans of the run be seen."""
    if experiment.applied.not_traced:
        return CheckResult("trace", Outcome.NOT_CHECKED, reason=experiment.applied.not_traced)
    return CheckResult("trace", Outcome.PASSED, "traced")


def _named(new: Sequence[Step], versions: Sequence[str]) -> tuple[Step, ...]:
    """The steps of these versions, or of the one that begins so, in the order of the history."""
    found = []
    for version in versions:
        alike = [step for step in new if step.version == version] or [
            step for step in new if step.version.startswith(version)
        ]
        if len(alike) != 1:
            raise UsageError(
                f"{'no' if not alike else 'more than one'} new migration is called {version!r}"
                + nearest(version, [step.version for step in new]),
                hint="Say with --revision or --since from where on migrations are new.",
            )
        found += alike
    return tuple(step for step in new if step in found)
