"""Claim: the database can be put back as it was before the migration.

Method: a ``pg_dump`` taken before the migration is restored into a fresh database beside it, and that database is
compared with the one before: by the state (schema and contents) and, by a second route, by the text of ``pg_dump``.
``pg_restore --clean`` over the migrated database is not used: it leaves what the migration added.

A materialized view that was stale is refreshed by that; this is noted, and fails nothing.

Limits: owners and privileges are left out of the dump, as they are cluster-wide; the state is compared without them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import ClientToolMissing
from migsafe.findings import CheckResult, Evidence, Finding, Outcome, Severity
from migsafe.postgres.dump import archive_text, dump, dump_text, first_difference, restore
from migsafe.postgres.servers.runs import temporary_directory
from migsafe.state import compare_states, without_refreshed

if TYPE_CHECKING:
    from migsafe.checks.experiment import Experiment
    from migsafe.state import StateDifference

DIFFERENCES_SHOWN = 20


def check_restore(experiment: Experiment) -> CheckResult:
    """Passed if both routes say equal; not checked when there is no pg_dump that fits the server."""
    sandbox = experiment.sandbox
    with temporary_directory() as directory, sandbox.scratch("restored") as database:
        file = directory / "before.dump"
        try:
            dump(sandbox.server, experiment.before, file)
            restore(sandbox.server, file, database)
        except ClientToolMissing as missing:
            return CheckResult("restore", Outcome.NOT_CHECKED, reason=missing.message)
        difference = compare_states(experiment.state_before, sandbox.state(database)).without_privileges()
        difference, refreshed = without_refreshed(experiment.state_before, difference)
        evidence = [*_by_state(difference), *_by_dump(experiment, database, file)]
    notes = (_refreshes(experiment, refreshed),) if refreshed else ()
    if not evidence:
        return CheckResult("restore", Outcome.PASSED, "restored", findings=notes)
    finding = Finding(
        rule="restore-differs",
        severity=Severity.ERROR,
        message="A dump taken before the migration and restored after it does not bring back the old state.",
        remedy="Don't rely on pg_dump as the way back for this database: see what differs, and take a physical backup.",
        location=experiment.step.location,
        evidence=tuple(evidence),
    )
    return CheckResult(
        "restore",
        Outcome.FAILED,
        answer="differs",
        reason=finding.message,
        findings=(finding, *notes),
    )


def _refreshes(experiment: Experiment, views: tuple[str, ...]) -> Finding:
    return Finding(
        rule="restore-refreshes",
        severity=Severity.NOTE,
        message="A restore refreshes materialized views that were stale before the migration, and shows other rows.",
        remedy="Refresh them where their tables are changed.",
        location=experiment.step.location,
        evidence=(Evidence("materialized views", "\n".join(views)),),
    )


def _by_state(difference: StateDifference) -> list[Evidence]:
    return [Evidence("by state", "\n".join(difference.describe(DIFFERENCES_SHOWN)))] if difference else []


def _by_dump(experiment: Experiment, database: str, archive: Path) -> list[Evidence]:
    server = experiment.sandbox.server
    before, restored = archive.with_name("before.sql"), archive.with_name("restored.sql")
    archive_text(server, experiment.before, archive, before)
    dump_text(server, database, restored)
    difference = first_difference(before, restored)
    return [Evidence("by pg_dump", "\n".join(difference))] if difference else []
