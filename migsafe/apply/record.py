"""What a run of ``migsafe apply`` came to: it grows while it runs, and is a whole report at every moment."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.findings import (
    BaselineReport,
    CheckResult,
    Evidence,
    Finding,
    Location,
    MigrationReport,
    Outcome,
    Report,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from migsafe.findings import Statement
    from migsafe.history.model import Failure, Migration
    from migsafe.snapshots.manifest import Snapshot

TOGETHER = "all together"
"""Stands for the version where something is said of several migrations at once."""


@dataclass(slots=True)
class Record:
    """One run. ``migrations`` are those that were begun."""

    history: str
    target: str
    migrations: list[MigrationReport] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    snapshot: Snapshot | None = None
    started: float = field(default_factory=time.monotonic)

    def ran(
        self, step: Migration | None, seconds: float, statements: Sequence[Statement], failure: Failure | None
    ) -> None:
        """One step was run, and failed or didn't."""
        if failure:
            result = CheckResult("apply", Outcome.FAILED, "fails", "the migration fails", (_fails(failure),), seconds)
        else:
            result = CheckResult("apply", Outcome.PASSED, "applies", seconds=seconds)
        files = (step.up,) if step else ()
        version, description = (step.version, step.description) if step else (TOGETHER, "")
        self.migrations.append(MigrationReport(version, description, files, (result,), tuple(statements)))

    def checked(self, result: CheckResult, files: tuple[Path, ...]) -> None:
        """What is said of all migrations at once."""
        self.migrations.append(MigrationReport(TOGETHER, "", files, (result,)))

    def not_booked(self, versions: Sequence[str]) -> None:
        """The tool's own table doesn't have these."""
        self.findings.append(
            Finding(
                "apply-not-booked",
                Severity.ERROR,
                f"The tool said success, but its own table doesn't have {', '.join(versions)}.",
                "Check which database the tool was told, and its version table ([history] version_table).",
            )
        )

    def lost(self, lines: Sequence[str], *, accepted: bool) -> None:
        """The counts say that so much is gone, where values could not be compared."""
        severity = Severity.NOTE if accepted else Severity.ERROR
        self.findings += [Finding("apply-loses", severity, f"Counted before and after: {line}.") for line in lines]

    def left(self, state: str, message: str, *, fails: bool = False, way_back: str | None = None) -> None:
        """Which state the target is in now; ``way_back`` is the command that restores the old one."""
        remedy = f"Restore the old state: {way_back}" if way_back and fails else None
        evidence = (Evidence("way back", way_back),) if way_back else ()
        severity = Severity.ERROR if fails else Severity.NOTE
        self.findings.append(
            Finding(f"target-{state}", severity, message, remedy, Location(object=self.target), evidence)
        )

    def report(self) -> Report:
        """All that is known by now."""
        baseline = None
        if self.snapshot:
            manifest = self.snapshot.manifest
            baseline = BaselineReport(f"snapshot {self.snapshot.path}", None, manifest.tables, manifest.rows)
        return Report(
            command="apply",
            history=self.history,
            server=None,
            baseline=baseline,
            migrations=tuple(self.migrations),
            findings=tuple(self.findings),
            seconds=time.monotonic() - self.started,
        )


def _fails(failure: Failure) -> Finding:
    said = {
        "server": failure.message if failure.sqlstate is None else f"{failure.message} (SQLSTATE {failure.sqlstate})",
        "detail": failure.detail,
        "hint": failure.hint_of_server,
        "context": failure.context,
        "statement": failure.excerpt or failure.statement,
    }
    evidence = tuple(Evidence(label, text) for label, text in said.items() if text)
    message = f"The migration fails: {failure.message}"
    return Finding("apply-fails", Severity.ERROR, message, None, failure.location, evidence)
