"""The baseline file of lint: the findings that were there when a project began to lint, which are passed over since.

A finding is known by its fingerprint, so that moved lines and moved files change nothing, and as many times as it was
there: with two known, the third one like them is shown. What is passed over is counted in the report, never silent.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migsafe.errors import SettingsError
from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.ignores import Ignore
from migsafe.plain import many_are
from migsafe.rules import rule_named

FORMAT = "migsafe.lint-baseline/1"

SHOWN = 20
"""Lines of what is no longer there that a report has."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A line of the file: findings of one fingerprint in one file. All but the fingerprint and the count is for people.

    ``file`` is relative to the baseline file, with slashes; empty for standard input.
    """

    file: str
    rule: str
    object: str
    fingerprint: str
    count: int


class KnownFindings:
    """What a baseline file says is known, and how much of it was met. Without a file nothing is known."""

    def __init__(self, file: Path | None, entries: Iterable[Entry] = ()) -> None:
        self.file = file
        self.entries = tuple(entries)
        self._left: Counter[str] = Counter()
        for entry in self.entries:
            self._left[entry.fingerprint] += entry.count
        self._passed_over: Counter[str] = Counter()
        self._read: set[str] = set()

    def unknown(
        self, findings: tuple[Finding, ...], file: Path | None = None, ignores: Sequence[Ignore] = ()
    ) -> tuple[Finding, ...]:
        """The findings in ``file`` that are not known. What a comment ignores is left to the comment."""
        if self.file is None:
            return findings
        self._read.add(self._relative(file))
        return tuple(each for each in findings if _is_ignored(each, ignores) or not self._is_known(each))

    def _is_known(self, finding: Finding) -> bool:
        fingerprint = finding.fingerprint
        if not self._left[fingerprint]:
            return False
        self._left[fingerprint] -= 1
        self._passed_over[finding.rule] += 1
        return True

    def notes(self, asked: Collection[str] = ()) -> tuple[Finding, ...]:
        """How many findings were passed over; and which are known and gone, of the rules ``asked`` in what was read.

        With no rule given nothing is said to be gone.
        """
        return (*self._counted(), *self._outdated(asked))

    def _counted(self) -> Iterable[Finding]:
        total = sum(self._passed_over.values())
        if total:
            counts = "\n".join(f"{number:6} {rule}" for rule, number in sorted(self._passed_over.items()))
            yield Finding(
                "lint-baseline",
                Severity.NOTE,
                f"{many_are(total, 'finding')} passed over, as the baseline file says that they are known.",
                location=Location(self.file),
                evidence=(Evidence("passed over", counts),),
            )

    def _outdated(self, asked: Collection[str]) -> Iterable[Finding]:
        gone = [entry for entry in self.entries if self._left[entry.fingerprint] and self._is_judged(entry, asked)]
        if gone:
            lines = [f"{entry.rule}: {entry.file} {entry.object}".rstrip() for entry in gone]
            more = [f"… and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
            total = sum({entry.fingerprint: self._left[entry.fingerprint] for entry in gone}.values())
            yield Finding(
                "lint-baseline-outdated",
                Severity.NOTE,
                f"{many_are(total, 'finding')} known by the baseline file and no longer there.",
                remedy=f"Write it anew, so that they can't come back unseen: migsafe lint --write-baseline {self.file}",
                location=Location(self.file),
                evidence=(Evidence("no longer there", "\n".join([*lines[:SHOWN], *more])),),
            )

    def _is_judged(self, entry: Entry, asked: Collection[str]) -> bool:
        """Whether this run can tell that the entry's finding is gone: its rule was asked about its file, or that is."""
        assert self.file is not None
        rule = entry.rule in asked or (bool(asked) and not rule_named(entry.rule))
        gone = bool(entry.file) and not (self.file.absolute().parent / entry.file).exists()
        return rule and (gone or entry.file in self._read)

    def _relative(self, file: Path | None) -> str:
        assert self.file is not None
        return Path(os.path.relpath(file.absolute(), self.file.absolute().parent)).as_posix() if file else ""


class NewBaseline(KnownFindings):
    """All that is found, to be written down: whatever it is asked about is known.

    ``before`` is the file as it was; what this run can't tell anything of stays in it.
    """

    def __init__(self, file: Path, before: KnownFindings) -> None:
        super().__init__(file)
        self._before = before
        self._found: Counter[tuple[str, str, str, str]] = Counter()

    def _is_known(self, finding: Finding) -> bool:
        file, what = self._relative(finding.location.file), finding.location.object or ""
        self._found[file, finding.rule, what, finding.fingerprint] += 1
        self._passed_over[finding.rule] += 1
        return True

    def text(self, asked: Collection[str]) -> str:
        """The file: JSON, one line a fingerprint, sorted, the same for the same findings."""
        kept = (each for each in self._before.entries if not self._is_judged(each, asked))
        found = (Entry(*key, count) for key, count in self._found.items())
        lines = [f"    {json.dumps(_written(entry), ensure_ascii=False)}" for entry in sorted({*kept, *found})]
        listed = "[\n" + ",\n".join(lines) + "\n  ]" if lines else "[]"
        return f'{{\n  "format": "{FORMAT}",\n  "findings": {listed}\n}}\n'


def read_baseline(file: Path | None) -> KnownFindings:
    """What the file says. Raises :class:`SettingsError`, with the place, where it isn't there or says nothing."""
    if file is None:
        return KnownFindings(None)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"the baseline file of lint can't be read: {error.strerror}",
            where=str(file),
            hint=f"Write one with: migsafe lint --write-baseline {file}",
        ) from error
    except UnicodeDecodeError as error:
        raise _damaged(file, f"not UTF-8 (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise _damaged(f"{file}:{error.lineno}:{error.colno}", f"not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number or a nesting that Python can't hold
        raise _damaged(file, "no JSON that can be read: it is nested too deeply, or has too long a number") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _damaged(file, f"not marked as {FORMAT}")
    listed = document.get("findings")
    if not isinstance(listed, list):
        raise _damaged(file, "without a list of findings")
    return KnownFindings(file, (_entry(file, number, each) for number, each in enumerate(listed, start=1)))


def new_baseline(file: Path) -> NewBaseline:
    """A baseline file to be written, on top of the one that is there."""
    return NewBaseline(file, read_baseline(file if file.exists() else None))


def _entry(file: Path, number: int, listed: Any) -> Entry:
    if not isinstance(listed, dict):
        raise _damaged(file, f"damaged: finding {number} is no object")
    where, rule, what, fingerprint = (listed.get(name, "") for name in ("file", "rule", "object", "fingerprint"))
    count = listed.get("count", 1)
    sound = all(isinstance(text, str) for text in (where, rule, what, fingerprint))
    if not sound or not fingerprint or not isinstance(count, int) or count < 1:
        raise _damaged(file, f"damaged: finding {number} needs a fingerprint and a count")
    return Entry(where, rule, what, fingerprint, count)


def _damaged(where: Path | str, what: str) -> SettingsError:
    return SettingsError(
        f"the baseline file of lint is {what}",
        where=str(where),
        hint="Mend it, or remove it and write it anew with --write-baseline.",
    )


def _written(entry: Entry) -> dict[str, str | int]:
    values: dict[str, str | int] = {"file": entry.file, "rule": entry.rule}
    if entry.object:
        values["object"] = entry.object
    return {**values, "count": entry.count, "fingerprint": entry.fingerprint}


def _is_ignored(finding: Finding, ignores: Sequence[Ignore]) -> bool:
    return any(ignore.covers(finding) for ignore in ignores)
