"""The whole of ``migsafe lint``: which scripts, on which catalog, by which rules, and the report."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.checks.names import NAMES as CHECKS
from migsafe.errors import SettingsError
from migsafe.findings import CheckResult, Finding, Location, MigrationReport, Outcome, Report, Severity
from migsafe.history.files import natural_key, read_script
from migsafe.history.text import MigrationText, Runs, text_of
from migsafe.ignores import apply_ignores, read_ignores
from migsafe.lint.earlier import catalog_behind
from migsafe.lint.known import KnownFindings, read_baseline
from migsafe.lint.run import Linter, follow
from migsafe.lint.script import Script, script_of, script_of_text
from migsafe.lint.second_run import second_run
from migsafe.rules import Rule, rule_named, rules
from migsafe.rules.context import OLDEST_VERSION
from migsafe.setting import nearest

if TYPE_CHECKING:
    from migsafe.catalog import Catalog
    from migsafe.config import LintSettings, Settings
    from migsafe.history.model import History
    from migsafe.progress import Progress

CHECK = "lint"
"""The name under which the rules' findings stand in a report."""

UNKNOWN = "which files hold the SQL of the migrations is known to the command alone"
"""Why there is no text to read of a history that is a command."""

STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class Choice:
    """A script, and whether it is asked about or only followed for what it leaves behind.

    ``text`` is what it was made of; none for standard input.
    """

    script: Script
    asked: bool
    text: MigrationText | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The kind of history, its migrations before the first that is asked about, and what comes from there on."""

    kind: str
    earlier: Sequence[MigrationText] = ()
    choices: Iterable[Choice] = ()

    def catalog(self, settings: LintSettings, progress: Progress) -> Catalog:
        """What the first script finds that is asked about."""
        return catalog_behind(self.earlier, settings, whole=self.kind != "files", progress=progress)


def lint(settings: Settings, paths: Sequence[Path], progress: Progress, known: KnownFindings | None = None) -> Report:
    """Ask the rules about these files, or about the project's history where none are named.

    ``known`` findings (none: those of the settings' baseline file) are passed over, and counted.
    Raises :class:`migsafe.errors.UsageError` for paths, rules or settings that mean nothing.
    """
    started = time.monotonic()
    linter = linter_of(settings)
    known = known or read_baseline(settings.lint.baseline)
    progress("reading the migrations")
    chosen = choose(settings, paths, linter.server_version)
    catalog = chosen.catalog(settings.lint, progress)
    migrations: list[MigrationReport] = []
    on_comments: list[Finding] = []
    not_analysed: dict[str, str] = {}
    for choice in chosen.choices:
        script = choice.script
        if not choice.asked:
            follow(script, catalog)
            continue
        not_analysed.update({str(each.location) or script.name: each.reason for each in script.not_analysed})
        files = (script.file,) if script.file else ()
        ignores = read_ignores(files)
        again = second_run(script, catalog)
        findings = known.unknown(linter.lint(script, catalog), script.file, ignores)
        results: tuple[CheckResult, ...] = (result_of(script, findings, settings.lint),)
        if ignores:
            results, about_comments = apply_ignores(ignores, results, CHECKS)
            on_comments += about_comments
        migrations.append(MigrationReport(script.name, script.description, files, results, second_run=again))
    return Report(
        command="lint",
        history=chosen.kind,
        server=None,
        baseline=None,
        migrations=tuple(migrations),
        findings=(*on_comments, *known.notes([rule.id for rule in linter.rules])),
        not_checked=not_analysed,
        seconds=time.monotonic() - started,
    )


def linter_of(settings: Settings) -> Linter:
    """The rules that the settings ask for, and the version they are told."""
    version = settings.lint.server_version or settings.server.version or OLDEST_VERSION
    return Linter(tuple(chosen_rules(settings.lint)), version)


def chosen_rules(settings: LintSettings) -> Iterator[Rule]:
    """The rules, by default or by name. Raises :class:`SettingsError` for a name that no rule goes by."""
    enabled = {rule for name in settings.enable for rule in _named(name, "enable")}
    disabled = {rule for name in settings.disable for rule in _named(name, "disable")}
    for name, rule in rules().items():
        if name not in disabled and (rule.default or name in enabled):
            yield rule


def _named(name: str, key: str) -> tuple[str, ...]:
    found = rule_named(name)
    if not found:
        raise SettingsError(
            f"there is no rule {name!r}{nearest(name, rules())}",
            where=f"[lint] {key}",
            hint="docs/rules.md lists them, with the names that other linters have for them.",
        )
    return found


def choose(settings: Settings, paths: Sequence[Path], server: int) -> Chosen:
    """The scripts of the history in order; files outside of it come last, each for itself."""
    given = [path for path in paths if path != STANDARD_INPUT]
    missing = [path for path in given if not path.exists()]
    if missing:
        raise SettingsError(
            "there is no such file or directory",
            where=str(missing[0]),
            hint="Name files or directories, or none for the project's own history.",
        )
    history = _history(settings, given) if given or not paths else None
    if not paths:
        assert history is not None
        if not history.migrations:  # of a command: any other history without one was refused
            raise SettingsError(
                UNKNOWN, hint="Name their directory in [history] path, or the files on the command line."
            )
        return _of_history(history, server, _new(history, settings))
    wanted = {_real(file) for path in given for file in _files(path)}
    if given and not wanted:
        raise SettingsError(
            "there is no SQL file and no revision in this directory",
            where=str(given[0]),
            hint="Name one that holds migrations, or none for the project's own history.",
        )
    known = {_real(migration.up) for migration in history.migrations} if history else set()
    inside, outside = wanted & known, sorted(wanted - known, key=lambda file: natural_key(str(file)))
    python = [path for path in given if path.suffix.lower() == ".py" and path.is_file() and _real(path) in outside]
    if python:
        raise SettingsError(
            "this is Python, and no revision of an Alembic history",
            where=str(python[0]),
            hint="Name SQL files, or revisions of the history in [history]; env.py and helpers are none.",
        )
    chosen = _of_history(history, server, inside) if history and inside else Chosen("files")
    if inside:  # what a directory holds besides is no migration: ways back, other dialects, helpers
        named = {_real(path) for path in given if path.is_file()}
        outside = [file for file in outside if file in named]

    def choices() -> Iterator[Choice]:
        yield from chosen.choices
        for file in outside:
            text = _text_alone(file)
            yield Choice(script_of_text(text), asked=True, text=text)
        if STANDARD_INPUT in paths:
            yield Choice(script_of(sys.stdin.read()), asked=True)

    return replace(chosen, choices=choices())


def _text_alone(file: Path) -> MigrationText:
    """The text of a file that belongs to no history; of a Python file nothing is known."""
    if file.suffix.lower() == ".py":
        missing = ((Location(file), "it is Python, and belongs to no Alembic history that was found"),)
        return MigrationText(file.name, file, "", lambda _: Location(file), not_analysed=missing)
    return text_of(read_script(file), Runs.ONE_BY_ONE, file.name)


def _history(settings: Settings, paths: Sequence[Path]) -> History | None:
    """The project's history; one that the directory given holds; none where files stand for themselves."""
    from migsafe.errors import MigsafeError
    from migsafe.history.kinds import open_history
    from migsafe.plan import read_history

    if not paths:
        return read_history(settings)
    try:
        history = open_history(settings.history)
        known = {_real(migration.up) for migration in history.migrations}
        if known & {_real(file) for path in paths for file in _files(path)}:
            return history
    except MigsafeError:
        if settings.history.kind or settings.history.path:
            raise  # what the settings name must be there
    directories = [path for path in paths if path.is_dir()]
    if len(directories) != 1:
        return None
    try:
        return open_history(replace(settings.history, root=directories[0], path=directories[0].absolute(), kind=None))
    except MigsafeError:
        return None  # a directory of SQL files that is no history


@cache
def _real(file: Path) -> Path:
    """The file without links among its directories, each of which is looked at once."""
    return _real_directory(file.parent) / file.name


@cache
def _real_directory(directory: Path) -> Path:
    return directory.resolve()


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.suffix.lower() in (".sql", ".py"))
    else:
        yield path


def _new(history: History, settings: Settings) -> set[Path]:
    files = [migration.up for migration in history.migrations]
    if settings.baseline.since is None:
        return {_real(file) for file in files}
    from migsafe.history.edits import new_since

    return {_real(file) for file in new_since(files, settings.baseline.since)}


def _of_history(history: History, server: int, asked: set[Path]) -> Chosen:
    """The history up to the last script that is asked about."""
    places = [number for number, each in enumerate(history.migrations) if _real(each.up) in asked]
    texts = history.texts(history.migrations[: max(places, default=-1) + 1], server)
    earlier: list[MigrationText] = []
    for text in texts:
        if _real(text.file) in asked:
            return Chosen(history.kind, earlier, _choices(chain((text,), texts), asked))
        earlier.append(text)
    return Chosen(history.kind)


def _choices(texts: Iterable[MigrationText], asked: set[Path]) -> Iterator[Choice]:
    for text in texts:
        chosen = _real(text.file) in asked
        yield Choice(script_of_text(text, followed=not chosen), asked=chosen, text=text)


def not_analysed(script: Script) -> str:
    """What of a script could not be analysed, and why, as one text; empty where all of it was."""
    missed = "; ".join(f"{each.location}: {each.reason}" for each in script.not_analysed)
    return f"not analysed: {missed}" if missed else ""


def result_of(script: Script, findings: tuple[Finding, ...], settings: LintSettings) -> CheckResult:
    """What became of one script: it fails by an error, and by what can't be analysed where the settings say so."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    unread = not_analysed(script) if settings.not_analysed == "fail" else ""
    if errors:
        return CheckResult(
            CHECK, Outcome.FAILED, f"{errors} error{'s' * (errors > 1)}", findings=findings, unread=unread
        )
    if unread:
        return CheckResult(CHECK, Outcome.NOT_CHECKED, "", unread, findings, unread=unread)
    answer = f"{len(findings)} found" if findings else "clean" if not script.not_analysed else "in part"
    return CheckResult(CHECK, Outcome.PASSED, answer, "", findings)
