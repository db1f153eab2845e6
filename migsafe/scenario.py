"""Stories that show what migsafe says: a project before a change, a bad change and its good twin, the right answers.

A story is a folder: ``scenario.toml``, the project ``before/`` with its ``migsafe.toml``, and two sets of files that
are laid over it, ``bad/`` and ``good/``. The fields of ``scenario.toml`` are those of :class:`Story` and
:class:`Expectation`.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import MigsafeError, SettingsError
from migsafe.findings import Severity
from migsafe.git import git
from migsafe.postgres.servers.runs import temporary_directory

if TYPE_CHECKING:
    from migsafe.findings import Report
    from migsafe.progress import Progress

TWINS = ("bad", "good")
MERGED = "merged"
"""The git tag on the project as it was before the change, where a story asks for git."""

_AS_MERGED = (
    "init --quiet",
    "config user.name migsafe",
    "config user.email migsafe@localhost",
    "config commit.gpgsign false",
    "add --all",
    "commit --quiet --message=before",
    f"tag {MERGED}",
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What migsafe must say of one twin.

    ``exit_code`` is the command's. ``answers`` holds for each migration's version the answer of each check,
    ``findings`` the rules of all findings; what lint finds besides is of no concern to a story that doesn't name it,
    nor what the lock check warns of to one that doesn't name its answer.
    Each text in ``says`` must stand somewhere in the report or the error.
    """

    exit_code: int
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Story:
    """One scenario. With ``git``, ``before/`` is committed and tagged ``merged``; the change lies on it uncommitted."""

    folder: Path
    story: str
    bad: Expectation
    good: Expectation
    git: bool = False

    @property
    def name(self) -> str:
        return self.folder.name


def read_stories(folder: Path) -> tuple[Story, ...]:
    """All stories in ``folder``, by name. Raises :class:`SettingsError` for one that can't be read."""
    return tuple(_read(file) for file in sorted(folder.glob("*/scenario.toml")))


def _read(file: Path) -> Story:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        bad, good = (_expectation(**content.pop(twin)) for twin in TWINS)
        return Story(file.parent, bad=bad, good=good, **content)
    except (ValueError, TypeError, KeyError) as error:
        raise SettingsError(f"this scenario can't be read: {error}", where=str(file)) from error


def _expectation(
    exit_code: int,
    answers: Mapping[str, Mapping[str, str]] | None = None,
    findings: Sequence[str] = (),
    says: Sequence[str] = (),
) -> Expectation:
    answers = answers or {}
    if not isinstance(exit_code, int):
        raise TypeError("exit_code is a number")
    if not (isinstance(answers, dict) and all(isinstance(each, dict) for each in answers.values())):
        raise TypeError("answers is a table of tables")
    if not (isinstance(findings, list | tuple) and isinstance(says, list | tuple)):
        raise TypeError("findings and says are lists")
    return Expectation(exit_code, answers, tuple(findings), tuple(says))


def run_twin(story: Story, twin: str, server: str, progress: Progress) -> tuple[str, ...]:
    """Check one twin as a user would, in a copy of its own; returns what differs from what it must be."""
    with temporary_directory() as directory:
        project = directory / story.name
        _lay_out(story, twin, project)
        expected: Expectation = getattr(story, twin)
        try:
            report = _check(project, server, progress)
        except MigsafeError as error:
            return tuple(_compare_error(error, expected))
        return tuple(_compare(report, expected))


def _lay_out(story: Story, twin: str, project: Path) -> None:
    for folder in ("before", twin):
        if not (story.folder / folder).is_dir():
            raise SettingsError(f"there is no folder {folder} in this scenario", where=str(story.folder))
    shutil.copytree(story.folder / "before", project)
    if story.git:
        for command in _AS_MERGED:
            git(project, *command.split())
    shutil.copytree(story.folder / twin, project, dirs_exist_ok=True)


def _check(project: Path, server: str, progress: Progress) -> Report:
    from migsafe.config import load, with_overrides
    from migsafe.gate import check

    settings = load(project, project / "migsafe.toml", {})
    return check(with_overrides(settings, {"server.use": server}), progress)


def _compare_error(error: MigsafeError, expected: Expectation) -> Iterator[str]:
    text = f"{error}\n{error.hint or ''}"
    if error.exit_code != expected.exit_code:
        yield f"the exit code is {error.exit_code:d}, not {expected.exit_code}: {text}"
    yield from (f"the error doesn't say {said!r}: {text}" for said in expected.says if said not in text)


def _rules_of(report: Report, expected: Expectation) -> Iterator[str]:
    """The rules of all findings that are of concern to the story, or are named by it."""
    from migsafe.rules import rules

    named = {check for checks in expected.answers.values() for check in checks}
    for finding in report.all_findings:
        of_locks = finding.rule.startswith("locks-") and finding.severity is Severity.WARNING and "locks" not in named
        if finding.rule in expected.findings or not (of_locks or finding.rule in rules()):
            yield finding.rule


def _compare(report: Report, expected: Expectation) -> Iterator[str]:
    from migsafe.reports import render

    exit_code = report.exit_code
    if exit_code != expected.exit_code:
        yield f"the exit code is {exit_code:d}, not {expected.exit_code}"
    answers = {m.version: {check.check: check.answer for check in m.checks} for m in report.migrations}
    for version, checks in expected.answers.items():
        for check, answer in checks.items():
            seen = answers.get(version, {}).get(check, "nothing")
            if seen != answer:
                yield f"{version}: {check} answers {seen!r}, not {answer!r}"
    rules = tuple(sorted(_rules_of(report, expected)))
    if rules != tuple(sorted(expected.findings)):
        yield f"the findings are {list(rules)}, not {sorted(expected.findings)}"
    text = render(report, "terminal", width=1000)
    yield from (f"the report doesn't say {said!r}" for said in expected.says if said not in text)
