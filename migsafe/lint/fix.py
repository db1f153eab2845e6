"""The safe rewrites written into the files, where they are mechanical.

A rule offers changes of the text (``Match.fixes``); whether they are right in this file is not its business. Each is
tried by itself: the file is read again with it, as its tool would run it, and all rules are asked. It stays if its
finding is gone and nothing else is found that was not found before; otherwise the file is left as it was, and the
reason told. So what is written lints clean, comments and formatting stay, and a second time nothing is changed.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import UsageError
from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.ignores import Ignore, read_ignores
from migsafe.lint.project import STANDARD_INPUT, choose, linter_of
from migsafe.lint.run import Found, Linter, follow
from migsafe.lint.script import Script, script_of_text
from migsafe.rules.edits import Edit, Fix, edited
from migsafe.sql.parsing import Within

if TYPE_CHECKING:
    from migsafe.catalog import Catalog
    from migsafe.config import Settings
    from migsafe.history.text import MigrationText
    from migsafe.progress import Progress

NOT_SQL = "the statement is written by the migration tool: change it in the file that makes it do so"


@dataclass(frozen=True, slots=True)
class Fixed:
    """What became of one file: its text before and after, the findings that are gone, and those left with the reason.

    Left are those for which there is a fix that isn't right in this file.
    """

    file: Path
    before: str
    after: str
    done: tuple[Finding, ...] = ()
    left: tuple[tuple[Finding, str], ...] = ()

    def diff(self, shown: str) -> Iterator[str]:
        """The change as a unified diff, line by line; the file goes by the name ``shown``."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        for line in difflib.unified_diff(before, after, f"a/{shown}", f"b/{shown}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"

    @property
    def content(self) -> str:
        """What to write: the text after, with the byte order mark that the file may have."""
        return f"\ufeff{self.after}" if self.file.read_bytes().startswith(b"\xef\xbb\xbf") else self.after


def fix(settings: Settings, paths: Sequence[Path], progress: Progress) -> Iterator[Fixed]:
    """What is to be written into each file that is asked about, in the order of the history; nothing is written here.

    Raises :class:`UsageError` where no files are named, and no git ref since which they are new: migrations that have
    been run somewhere must stay as they are.
    """
    if STANDARD_INPUT in paths or not (paths or settings.baseline.since):
        raise UsageError(
            "which files may be changed isn't said",
            hint="Name files or directories, or say --since REF for the migrations that are new.",
        )
    linter = linter_of(settings)
    progress("reading the migrations")
    chosen = choose(settings, paths, linter.server_version)
    catalog = chosen.catalog(settings.lint, progress)
    for choice in chosen.choices:
        script = choice.script
        if choice.asked and choice.text is not None:
            fixed, script = fix_text(choice.text, linter, catalog, read_ignores((choice.text.file,)))
            yield fixed
        follow(script, catalog)


def fix_text(
    text: MigrationText, linter: Linter, catalog: Catalog, ignores: Sequence[Ignore] = ()
) -> tuple[Fixed, Script]:
    """One migration with every change that is right in it, and the script that it is then.

    ``catalog`` is what was there before it, and stays so. What ``ignores`` cover isn't changed.
    """
    return _Fixing(linter, catalog, ignores).fix(text)


def notes(every: Iterable[Fixed]) -> tuple[Finding, ...]:
    """What was done to each file, and what was left as it is."""
    return tuple(note for fixed in every for note in _notes(fixed))


def _notes(fixed: Fixed) -> Iterator[Finding]:
    if fixed.done:
        rules = Counter(finding.rule for finding in fixed.done)
        yield Finding(
            "lint-fixed",
            Severity.NOTE,
            f"{len(fixed.done)} finding{'s were' if len(fixed.done) > 1 else ' was'} fixed in the file.",
            location=Location(fixed.file),
            evidence=(Evidence("fixed", "\n".join(f"{number:6} {rule}" for rule, number in sorted(rules.items()))),),
        )
    for finding, reason in fixed.left:
        yield Finding(
            "lint-not-fixed",
            Severity.NOTE,
            f"{finding.rule} is left as it is: {reason}",
            location=finding.location,
            evidence=tuple(each for each in finding.evidence if each.label == "statement"),
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """A text, what it is as a script, and what is found in it."""

    text: MigrationText
    script: Script
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class _Fixing:
    """The rules, what was there before the file, and what is ignored in it."""

    linter: Linter
    catalog: Catalog
    ignores: Sequence[Ignore]

    def fix(self, text: MigrationText) -> tuple[Fixed, Script]:
        """The file with every change that is right in it, and the script that it is then."""
        now = self._read(text)
        done: list[Finding] = []
        left: dict[str, tuple[Finding, str]] = {}
        order = [rule.id for rule in self.linter.rules]
        while found := min(
            (each for each in now.found if self._is_open(each, left)),
            key=lambda each: order.index(each.finding.rule),
            default=None,
        ):
            better, reason = self._better(now, found)
            if better is None:
                left[found.finding.fingerprint] = (found.finding, reason)
            else:
                now = better
                done.append(found.finding)
        return Fixed(text.file, text.source, now.text.source, tuple(done), tuple(left.values())), now.script

    def _read(self, text: MigrationText) -> _Read:
        script = script_of_text(text)
        return _Read(text, script, tuple(self.linter.find(script, self.catalog.copy())))

    def _is_open(self, found: Found, left: dict[str, tuple[Finding, str]]) -> bool:
        ignored = any(ignore.covers(found.finding) for ignore in self.ignores)
        return bool(found.fixes) and not ignored and found.finding.fingerprint not in left

    def _better(self, now: _Read, found: Found) -> tuple[_Read | None, str]:
        """What the file is with the first change that is right, or the reason why none is."""
        reason = NOT_SQL
        if now.text.rewritten is None:
            return None, reason
        if found.statement.within is not Within.SCRIPT:
            return None, f"the statement stands in a {found.statement.within}"
        for change in found.fixes:
            text = _rewritten(now.text, found.statement.offset, change)
            if text is None:
                reason = "a placeholder stands where the text would change"
                continue
            then = self._read(text)
            worse = _worse(now, then, found)
            if worse is None:
                return then, ""
            reason = worse
        return None, reason


def _worse(now: _Read, then: _Read, found: Found) -> str | None:
    """What speaks against the change; none where its finding is gone and nothing new is found."""
    if len(then.script.not_analysed) > len(now.script.not_analysed):
        return then.script.not_analysed[-1].reason
    before, after = (Counter(each.finding.rule for each in read.found) for read in (now, then))
    new = after - before
    if new:
        return next(each.finding.message for each in reversed(then.found) if each.finding.rule in new)
    return None if after[found.finding.rule] < before[found.finding.rule] else "it would be found all the same"


def _rewritten(text: MigrationText, offset: int, change: Fix) -> MigrationText | None:
    """The text with the change in its source; none where the source doesn't have those places."""
    assert text.rewritten is not None
    newline = "\r\n" if "\r\n" in text.source else "\n"
    places = (
        Edit(
            _in_source(text, offset + each.start),
            _in_source(text, offset + each.end),
            each.text.replace("\n", newline),
        )
        for each in change
    )
    then = text.rewritten(edited(text.source, places))
    if then.sql and then.sql.replace("\r\n", "\n") != edited(text.sql, change, offset).replace("\r\n", "\n"):
        return None
    return then


def _in_source(text: MigrationText, offset: int) -> int:
    """Where in the source the character at this offset of the SQL came from."""
    place = text.place(offset)
    lines = text.source.split("\n")
    return sum(len(line) + 1 for line in lines[: (place.line or 1) - 1]) + (place.column or 1) - 1
