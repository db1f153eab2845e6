"""Which checks run, in which order, and what they add up to."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migsafe.checks.apply import check_apply
from migsafe.checks.apply_twice import check_apply_twice
from migsafe.checks.compatibility import check_compatibility
from migsafe.checks.contract import CONTRACT, contract_check, document_changes
from migsafe.checks.crash.check import check_crash
from migsafe.checks.data.check import FAILURES as DATA_FAILURES
from migsafe.checks.data.check import check_data
from migsafe.checks.experiment import Check, Experiment, Step
from migsafe.checks.locks.check import LOCKS, check_locks, unmeasured
from migsafe.checks.restore import check_restore
from migsafe.checks.rollback.check import check_rollback
from migsafe.checks.together import TOGETHER, AllNew, TogetherCheck
from migsafe.errors import BaselineError, SettingsError
from migsafe.findings import (
    BaselineReport,
    CheckResult,
    CloningReport,
    Finding,
    MigrationReport,
    Outcome,
    Report,
    ServerReport,
    Severity,
)
from migsafe.history.together import Together
from migsafe.ignores import apply_ignores, read_ignores
from migsafe.lint.known import read_baseline
from migsafe.lint.measured import overruled, told_once
from migsafe.lint.project import CHECK as LINT
from migsafe.lint.project import UNKNOWN
from migsafe.lint.steps import Linted, lint_files, of_step, second_run_of_step
from migsafe.plan import edits, left_out, matters, read_history, steps
from migsafe.postgres.shared_objects import changes
from migsafe.setting import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from migsafe.baseline import Baseline
    from migsafe.config import CheckSettings, Settings
    from migsafe.history.model import History
    from migsafe.postgres.server import Server
    from migsafe.progress import Progress
    from migsafe.sandbox import Sandbox
    from migsafe.state import State

CHECKS: dict[str, Check] = {
    "apply": check_apply,
    "data": check_data,
    "apply-twice": check_apply_twice,
    "crash": check_crash,
    LOCKS: check_locks,
    "rollback": check_rollback,
    "restore": check_restore,
    "compatibility": check_compatibility,
}
"""Every check that runs something, by name, in the order in which they are run and reported."""

ALL = (LINT, *CHECKS, *(name for name in TOGETHER if name not in CHECKS))
"""The names of all checks: the rules on the text come before what is run, what is asked of all together comes last."""

NEVER_CONNECTED = (
    "the tool says that it succeeded, and never connected to the sandbox: does it take its URL from another variable "
    "([history] url_by), or does it do nothing at all?"
)


def server_report(server: Server) -> ServerReport:
    """What the report says of the server, as it stands after the experiments."""
    cloning = tuple(CloningReport(*taken) for taken in server.cloning.taken)
    return ServerReport(server.kind, server.version, server.passed_over, cloning)


def baseline_report(baseline: Baseline, state: State) -> BaselineReport:
    """What the report says of the baseline, whose state it is."""
    return BaselineReport(baseline.source, baseline.revision, len(state.contents.tables), state.contents.rows)


def check(settings: Settings, progress: Progress) -> Report:
    """Run every check on every new migration, on a server that is gone afterwards.

    Raises :class:`migsafe.errors.MigsafeError` when the question can't be asked: no server, a history or a baseline
    that doesn't load, settings that mean nothing. Everything else, a failing migration included, is in the report.
    """
    from migsafe.baseline import build_baseline, require_files
    from migsafe.postgres.servers.kinds import start
    from migsafe.sandbox import Sandbox

    started = time.monotonic()
    chosen, asked = chosen_checks(settings), asked_for(settings)
    promises, unpromised = document_changes(settings, datetime.now(UTC).date()) if CONTRACT in chosen else ((), {})
    known = read_baseline(settings.lint.baseline)
    progress("reading the history")
    history = read_history(settings)
    require_files(settings.baseline)
    problems = (*history.problems(), *edits(history, settings.baseline.since))
    progress("starting PostgreSQL")
    with start(settings.server) as server:
        sandbox = Sandbox(server, history, statement_timeout=settings.checks.statement_timeout)
        try:
            baseline = build_baseline(sandbox, settings.baseline, progress)
        except BaselineError as error:
            return replace(_no_baseline(error, problems, history, server), seconds=time.monotonic() - started)
        state = sandbox.state(baseline.database)
        shown = tuple(finding for finding in problems if matters(finding, history, baseline))
        linted: Mapping[Path, Linted] = {}
        if LINT in asked:
            progress("reading the text of the migrations")
            linted = lint_files(history, {each.up for each in baseline.new}, settings.lint, server.major, known)
        together = {name: check for name, check in TOGETHER.items() if name in asked}
        gate = Gate(sandbox, chosen, settings.checks, progress, linted, together, baseline.brought)
        migrations = tuple(gate.run(steps(history, baseline), baseline.database, state))
        return Report(
            command="check",
            history=history.kind,
            server=server_report(server),
            baseline=baseline_report(baseline, state),
            migrations=migrations,
            findings=(*shown, *promises, *gate.findings, *known.notes()),
            not_checked={
                **{f"check {name}": "left out by the settings" for name in (*ALL[1:], LINT) if name not in asked},
                **state.contents.not_checked,
                **gate.unread,
                **unpromised,
                **left_out(len(problems) - len(shown)),
                **({} if history.migrations or LINT not in asked else {LINT: f"{UNKNOWN}; name it in [history] path"}),
            },
            seconds=time.monotonic() - started,
        )


def _no_baseline(error: BaselineError, problems: Sequence[Finding], history: History, server: Server) -> Report:
    """What is wrong with the history says why, better than the tool does; raises the error where nothing is."""
    wrong = tuple(finding for finding in problems if finding.severity is Severity.ERROR)
    if not wrong:
        raise error
    return Report("check", history.kind, server_report(server), None, (), wrong, {"every check": error.message})


def asked_for(settings: Settings) -> tuple[str, ...]:
    """The names of the checks to run, ``lint`` among them."""
    return settings.checks.only or ALL


def chosen_checks(settings: Settings) -> dict[str, Check]:
    """The checks that the settings ask for. Raises :class:`SettingsError` for a name that there is not."""
    only = asked_for(settings)
    unknown = [name for name in only if name not in (*ALL, CONTRACT)]
    if unknown:
        near = nearest(unknown[0], (*ALL, CONTRACT))
        hint = f"The checks are {', '.join((*ALL, CONTRACT))}."
        raise SettingsError(f"there is no check {unknown[0]!r}{near}", hint=hint)
    unknown = sorted({*settings.checks.data_fails} - {*map(str, DATA_FAILURES)})
    if unknown:
        hint = f"There is {', '.join(DATA_FAILURES)}."
        raise SettingsError(f"[checks] data_fails names {unknown[0]!r}, which becomes of no value", hint=hint)
    if settings.contract.map and not settings.contract.document:
        raise SettingsError("[contract] map is of no use without a document", hint="Name it in [contract] document.")
    chosen = {name: check for name, check in CHECKS.items() if name in only}
    if settings.contract.document and (CONTRACT in only or not settings.checks.only):
        chosen[CONTRACT] = contract_check(settings.contract, settings.root)
    elif CONTRACT in only:
        raise SettingsError("the check contract needs a document", hint="Name it in [contract] document.")
    return chosen


@dataclass(frozen=True, slots=True)
class Gate:
    """The chosen checks, run on one step after the other.

    ``linted`` is what the text of each file says, ``together`` is asked of all steps at the end, for which ``brought``
    says whether the baseline came with migrations applied. ``unread`` gathers what could not be read, and why;
    ``findings`` what is wrong with ignore comments.
    """

    sandbox: Sandbox
    checks: dict[str, Check]
    settings: CheckSettings
    progress: Progress
    linted: Mapping[Path, Linted] = field(default_factory=dict)
    together: Mapping[str, TogetherCheck] = field(default_factory=dict)
    brought: bool = False
    unread: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def run(self, steps: tuple[Step, ...], baseline: str, state: State) -> Iterator[MigrationReport]:
        """Each step starts where the one before it ended; after a step that fails the rest is not checked.

        ``state`` is the baseline's, whose database is dropped once it is no longer needed.
        """
        before, first, reports = baseline, state, list[MigrationReport]()
        for number, step in enumerate(steps):
            experiment = self._experiment(step, before, state)
            if experiment.applied.succeeded and not experiment.applied.connected:
                reports.append(self._not_checked(step, NEVER_CONNECTED))
            else:
                reports.append(self._report(experiment))
            yield reports[-1]
            if before != baseline:
                self.sandbox.drop(before)
            before, state = experiment.after, experiment.state_after
            if not experiment.applied.succeeded or not experiment.applied.connected:
                reason = f"{step.version}, which comes before it, fails"
                yield from (self._not_checked(each, reason) for each in steps[number + 1 :])
                break
        else:
            if steps and self.together:
                yield from self._together(experiment, baseline, first, reports, steps)
        self.sandbox.drop(*{baseline, before})

    def _report(self, experiment: Experiment) -> MigrationReport:
        step, applied = experiment.step, experiment.applied
        lint = (overruled(each, applied.statements, applied.not_traced) for each in of_step(step.files, self.linted))
        results = told_once(self._after_ignores(step, (*lint, *self._results(experiment))))
        self.unread.update(_not_analysed(step, results, self.linted))
        self.unread.update(experiment.state_after.contents.not_checked)
        if applied.run.failure and "apply" not in self.checks:
            self.unread[f"apply of {step.version}"] = f"it fails: {applied.run.failure.message}"
        statements, not_traced = applied.statements, applied.not_traced
        if LOCKS in self.checks:
            statements = experiment.statements
            self.unread.update(_unmeasured(experiment, results))
        again = second_run_of_step(step.files, self.linted, results)
        return MigrationReport(step.version, step.description, step.files, results, statements, not_traced, again)

    def _after_ignores(self, step: Step, results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
        """The results, with what the step's own comments ignore as notes."""
        kept, useless = apply_ignores(read_ignores(step.texts), results, (*CHECKS, CONTRACT))
        self.findings.extend(useless)
        return kept

    def _together(
        self,
        last: Experiment,
        baseline: str,
        state: State,
        reports: Sequence[MigrationReport],
        steps: Sequence[Step],
    ) -> Iterator[MigrationReport]:
        """What is asked of all steps together; nothing where it is nothing but why it isn't asked."""
        sandbox, new = self.sandbox, tuple(step.target for step in steps if step.target)
        with sandbox.connect(baseline) as connection:
            old = sandbox.history.applied(connection)
        experiment = replace(
            last,
            sandbox=sandbox.running(Together(sandbox.history, new)) if new else sandbox,
            step=Step("all", "all new migrations together", (), None),
            before=baseline,
            state_before=state,
        )
        asked = AllNew(experiment, sandbox, new, old, tuple(reports), self.brought)
        results = []
        for name, ask in self.together.items():
            self.progress(f"all together: {name}")
            started = time.monotonic()
            answer = ask(asked)
            if isinstance(answer, CheckResult):
                results.append(_timed(answer, started))
            elif answer:
                self.unread[f"{name} of all new migrations"] = answer
        ignores = read_ignores(file for step in steps for file in step.texts)
        if results:
            kept, _ = apply_ignores(ignores, results, (*CHECKS, CONTRACT))
            yield MigrationReport(experiment.step.version, experiment.step.description, (), kept, together=True)

    def _experiment(self, step: Step, before: str, state: State) -> Experiment:
        self.progress(f"{step.version}: applying")
        after = self.sandbox.create("after", template=before)
        shared = self.sandbox.shared_objects()
        applied = self.sandbox.trace(after, step.target, state.contents.counts)
        changed = tuple(changes(shared, self.sandbox.shared_objects()))
        return Experiment(self.sandbox, step, before, state, after, applied, self.settings, changed)

    def _results(self, experiment: Experiment) -> Iterator[CheckResult]:
        for name, check in self.checks.items():
            self.progress(f"{experiment.step.version}: {name}")
            started = time.monotonic()
            yield _timed(check(experiment), started)

    def _not_checked(self, step: Step, reason: str) -> MigrationReport:
        results = tuple(CheckResult(name, Outcome.NOT_CHECKED, reason=reason) for name in self.checks)
        results = self._after_ignores(step, (*of_step(step.files, self.linted), *results))
        self.unread.update(_not_analysed(step, results, self.linted))
        again = second_run_of_step(step.files, self.linted, ())
        return MigrationReport(step.version, step.description, step.files, results, second_run=again)


def _timed(result: CheckResult, started: float) -> CheckResult:
    """The result with the seconds that the check took, unless it says itself how long what it is about took."""
    return result if result.seconds else replace(result, seconds=time.monotonic() - started)


def _not_analysed(step: Step, results: Iterable[CheckResult], linted: Mapping[Path, Linted]) -> dict[str, str]:
    """What of the step's text the rules passed over, where their result doesn't say so itself."""
    said = any(each.check == LINT and each.outcome is Outcome.NOT_CHECKED for each in results)
    reasons = () if said else (each.not_analysed for file in step.files if (each := linted.get(file)))
    found = "; ".join(filter(None, reasons))
    return {f"{LINT} of {step.version}": found} if found else {}


def _unmeasured(experiment: Experiment, results: Iterable[CheckResult]) -> dict[str, str]:
    """What the lock check passed over, where it doesn't say so itself."""
    said = any(each.check == LOCKS and each.outcome is Outcome.NOT_CHECKED for each in results)
    reasons = () if said else unmeasured(experiment)
    return {f"{LOCKS} of {experiment.step.version}": "; ".join(reasons)} if reasons else {}
