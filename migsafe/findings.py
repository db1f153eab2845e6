"""The one model of what migsafe has to say: findings, check results, the report.

Everything here is a frozen value. Checks and rules make them, :mod:`migsafe.reports` prints them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from migsafe.errors import ExitCode


class Severity(StrEnum):
    """How much a finding matters: an error fails the gate, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Outcome(StrEnum):
    """What became of a check. There is no fourth value, and "could not look" is not "safe"."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class Verdict(StrEnum):
    """The answer of a whole run: safe only if nothing failed and nothing that was asked for went unchecked."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding points: a place in a file (line and column count from 1), an object in the database, or both.

    A line without a file is one of standard input.
    """

    file: Path | None = None
    line: int | None = None
    column: int | None = None
    object: str | None = None

    def __str__(self) -> str:
        numbers = ":".join(str(number) for number in (self.line, self.column) if number is not None)
        place = ":".join(filter(None, (str(self.file), numbers))) if self.file else f"line {numbers}" if numbers else ""
        return f"{place} ({self.object})" if place and self.object else place or self.object or ""


STATEMENT = "statement"
"""The label of the evidence that is the statement which a finding is about."""

IGNORED = "ignored"
"""The label of the evidence that is the reason for which a finding is ignored, and the place that says so."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something that was seen, under a short label: a server message, a row, a difference, a lock.

    ``text`` may have several lines and is shown as it is (a caret under a statement must stay in its column).
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a migration.

    ``rule`` is an id in words (``apply-twice-diverges``), ``message`` says what is the case in one sentence,
    ``remedy`` what to write or do instead.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str | None = None
    location: Location = Location()
    evidence: tuple[Evidence, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What stays the same when lines move, files move to another directory, or rows are more: 32 hex digits.

        It is made of the rule, the name of the file, the object, and the statement with its white space evened out;
        where neither an object nor a statement is named, of the message. Two findings of one report may share it.
        """
        said = [" ".join(each.text.split()) for each in self.evidence if each.label == STATEMENT]
        file = self.location.file.name if self.location.file else None
        what = said or ([] if self.location.object else [" ".join(self.message.split())])
        known = json.dumps([self.rule, file, self.location.object, *what])
        return hashlib.sha256(known.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class ServerError:
    """What the server said when it refused a statement (PostgreSQL manual, 55.8, Error and Notice Message Fields).

    ``position`` counts characters from 1 in the ``sql`` of the statement. ``where`` is the server's context: the lines
    of PL/pgSQL, or of COPY input, that led there.
    """

    sqlstate: str
    message: str
    severity: str = "ERROR"
    detail: str | None = None
    hint: str | None = None
    position: int | None = None
    where: str | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    constraint: str | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that a statement took on a relation which was there before the migration.

    ``relation`` is qualified and quoted, by the name it had before. ``mode`` is spelt as LOCK TABLE spells it
    (PostgreSQL manual, 13.3.1), ``blocks`` says what of ``reads``, ``writes`` and ``DDL`` must wait for it.
    ``milliseconds`` run from the start of the statement to the end of its transaction; none when the connection ended
    first.
    """

    relation: str
    mode: str
    blocks: tuple[str, ...] = ()
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A table or an index (``kind``) whose file a statement wrote anew, and why: ``column type``, ``VACUUM FULL`` …"""

    relation: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """``rows`` that a statement read of a table by going through it from its beginning; ``whole``: to its end."""

    relation: str
    rows: int
    whole: bool


class Growth(StrEnum):
    """How the work of a statement goes with the rows that there are: the same for four times as many, or more."""

    CONSTANT = "constant"
    GROWING = "growing"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as the server saw it, read off the wire by the tap.

    ``milliseconds`` runs from the moment the statement was forwarded (or the one before it ended) to its
    CommandComplete or ErrorResponse. The server sends the answers to one simple Query, or to one pipeline, together:
    the first statement of it carries the time of all. ``command_tag`` is none when there was an error, when the
    connection ended first, or when the client didn't fetch a portal to its end. ``rows`` is the count in the command
    tag (none for DDL). ``transaction`` numbers the transaction within the run (none: the statement was its own
    transaction). ``state_after`` is ReadyForQuery's byte: I idle, T in a transaction, E in a failed one; none when the
    connection ended first. ``backend`` is the server process id. ``started`` are the milliseconds from the start of the
    run's first statement to that of this one. Of traced runs only are known: WAL, locks, rewrites, scans, growth, and
    ``lock_timeout`` (milliseconds, 0: none), the session's when the statement ran, none where it is not known.
    ``scans_measured`` is false where nobody could count what the statement read: ``scans`` says nothing then, and
    ``scans_unmeasured`` says why, if that is known.
    """

    sql: str
    milliseconds: float
    command_tag: str | None = None
    rows: int | None = None
    error: ServerError | None = None
    transaction: int | None = None
    state_after: str | None = None
    backend: int = 0
    location: Location = Location()
    wal_bytes: int | None = None
    locks: tuple[Lock, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    scans: tuple[Scan, ...] = ()
    lock_timeout: int | None = None
    growth: Growth | None = None
    started: float = 0.0
    scans_measured: bool = False
    scans_unmeasured: str = ""

    @property
    def command(self) -> str:
        """The first word of the command tag, such as INSERT; empty when there is none."""
        return command_of(self.command_tag)

    @property
    def changes_rows(self) -> bool:
        """Whether its command is one that changes rows."""
        return self.command in ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")

    @property
    def error_message(self) -> str:
        """The server's message; empty when it refused nothing."""
        return self.error.message if self.error else ""


def command_of(tag: str | None) -> str:
    """The first word of a command tag (PostgreSQL manual, 55.7, CommandComplete)."""
    return (tag or "").partition(" ")[0]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check says of one migration.

    ``answer`` is the check's own word (``idempotent``, ``refuses``, ``diverges``, ``stuck`` …); ``reason`` explains an
    outcome that isn't "passed", and is never empty for "not checked". ``unread`` is what could not be looked at,
    whatever was found: where all findings are ignored it is still not checked.
    """

    check: str
    outcome: Outcome
    answer: str = ""
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    unread: str = ""

    def __post_init__(self) -> None:
        if self.outcome is Outcome.NOT_CHECKED and not self.reason:
            raise ValueError(f"check {self.check!r} was not checked and gives no reason")


class Repeatable(StrEnum):
    """The class of a statement that is run a second time, from the best to the worst.

    Dangerous is what may go through and do harm: rows inserted again, ``n = n + 1``, a drop of what was made anew.
    """

    RE_RUNNABLE = "re-runnable"
    GUARDED = "guarded"
    UNKNOWN = "unknown"
    NOT_RE_RUNNABLE = "not re-runnable"
    DANGEROUS = "dangerous"


@dataclass(frozen=True, slots=True)
class StatementAgain:
    """A statement of a migration, by its place, and what running it a second time comes to."""

    location: Location
    repeatable: Repeatable
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SecondRun:
    """What the text of a migration says of a second run, beside what apply-twice saw of it.

    ``foretold`` is one of apply-twice's answers, or ``depends on rows`` or ``unknown`` where the text leaves it open;
    ``seen`` is apply-twice's answer, none where it gave none.
    """

    foretold: str
    statements: tuple[StatementAgain, ...] = ()
    seen: str | None = None

    @property
    def comparison(self) -> str | None:
        """Whether the text and the experiment say the same; none where one of them says nothing."""
        if self.seen is None or self.foretold in ("depends on rows", "unknown"):
            return None
        if (self.foretold == "idempotent") == (self.seen == "idempotent"):
            return "agree"
        if self.foretold == "idempotent":
            return "the text says re-runnable, the experiment failed"
        return "the text says not re-runnable, the experiment passed"


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """One step of the history and its checks: one migration, or all pending ones of a tool that can't stop between.

    ``not_traced`` says why the locks, rewrites and scans of its statements are not known; empty where they are.
    ``second_run`` is what its text says of a second run; none where the text wasn't read. ``together`` says that it is
    no step of its own: it has what was asked of all new migrations at once.
    """

    version: str
    description: str
    files: tuple[Path, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    statements: tuple[Statement, ...] = ()
    not_traced: str = ""
    second_run: SecondRun | None = None
    together: bool = False


@dataclass(frozen=True, slots=True)
class CloningReport:
    """Databases that were made from a template in one way, and the seconds that they took, all together."""

    way: str
    databases: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ServerReport:
    """The PostgreSQL that the experiments ran on, and why the kinds tried before it were not used.

    ``cloning`` is how its databases were made.
    """

    kind: str
    version: str
    passed_over: Mapping[str, str] = field(default_factory=dict)
    cloning: tuple[CloningReport, ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineReport:
    """What the experiments started from. ``rows`` counts user rows in all tables."""

    source: str
    revision: str | None
    tables: int
    rows: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything one run found. ``findings`` are about the history as a whole; a check's own are in its result."""

    command: str
    history: str
    server: ServerReport | None
    baseline: BaselineReport | None
    migrations: tuple[MigrationReport, ...]
    findings: tuple[Finding, ...] = ()
    not_checked: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """The findings on the history, then those of each migration's checks, in order."""
        checks = (check for migration in self.migrations for check in migration.checks)
        return (*self.findings, *(finding for check in checks for finding in check.findings))

    @property
    def verdict(self) -> Verdict:
        """Unsafe if a check failed or a finding is an error; safe only if every check that was asked for passed."""
        outcomes = {check.outcome for migration in self.migrations for check in migration.checks}
        if Outcome.FAILED in outcomes or any(f.severity is Severity.ERROR for f in self.all_findings):
            return Verdict.UNSAFE
        return Verdict.NOT_CHECKED if Outcome.NOT_CHECKED in outcomes else Verdict.SAFE

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that tells the verdict to a caller that reads nothing else."""
        return _EXIT_CODES[self.verdict]


_EXIT_CODES = {
    Verdict.SAFE: ExitCode.SAFE,
    Verdict.UNSAFE: ExitCode.UNSAFE,
    Verdict.NOT_CHECKED: ExitCode.CANNOT_CHECK,
}
