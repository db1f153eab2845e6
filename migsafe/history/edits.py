"""What git knows of the migrations' files: which came after a ref, and which were changed although they were merged.

The comparison is between the merge base of the ref and HEAD, and the working tree as it is, committed or not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from migsafe.errors import SettingsError
from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.git import commit_of, complaint, git, run_git
from migsafe.history.model import Migration

_DIFF_LINES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Edit:
    """A file that is in the merge base and isn't the same any more. ``change`` is modified, deleted or renamed."""

    change: str
    old: Path
    new: Path


def new_since(files: Sequence[Path], ref: str) -> frozenset[Path]:
    """Those of ``files`` that the merge base with ``ref`` doesn't have under this or another name.

    Raises :class:`UsageError` when there is no such ref or no repository, :class:`ClientToolMissing` without git.
    """
    if not files:
        return frozenset()
    directory = _common_directory(files)
    base = _merge_base(directory, ref)
    known = {directory / name for name in git(directory, "ls-tree", "-r", "-z", "--name-only", base, ".").split("\0")}
    moved = {edit.new for edit in _edits(directory, base) if edit.change == "renamed"}
    return frozenset(file for file in files if file not in known and file not in moved)


def edited_since(migrations: Sequence[Migration], ref: str) -> tuple[Finding, ...]:
    """A finding for each migration that was merged before and has been changed, renamed or deleted since.

    An error for a migration, since databases that have run it won't run it again; a warning for a down file. A
    repeatable migration is there to be changed. Raises as :func:`new_since`.
    """
    downs = {migration.down for migration in migrations if migration.down} - {migration.up for migration in migrations}
    ups = {migration.up for migration in migrations}
    repeatable = {migration.up for migration in migrations if migration.repeatable}
    if not ups:
        return ()
    directory = _common_directory(sorted(ups | downs))
    base = _merge_base(directory, ref)
    suffixes = {file.suffix for file in ups}
    found = []
    for edit in _edits(directory, base):
        is_migration = edit.old.suffix in suffixes if edit.change == "deleted" else edit.new in ups | downs
        if is_migration and edit.new not in repeatable:
            found.append(_finding(edit, directory, base, ref, is_down=edit.new in downs))
    return tuple(found)


def out_of_order_since(migrations: Sequence[Migration], ref: str) -> tuple[Finding, ...]:
    """A finding for each new migration whose version is below one that was merged before.

    For tools that go by numbers: golang-migrate never runs such a file on a database that stands higher, and Flyway
    refuses to run at all. Raises as :func:`new_since`.
    """
    numbered = [migration for migration in migrations if not migration.repeatable]
    fresh = new_since([migration.up for migration in numbered], ref)
    found: list[Finding] = []
    merged: Migration | None = None
    for migration in reversed(numbered):
        if migration.up not in fresh:
            merged = merged or migration
        elif merged:
            found.append(
                Finding(
                    "history-out-of-order",
                    Severity.ERROR,
                    f"{migration.up.name} is new, but comes before {merged.up.name}, which {ref} has already: "
                    "a database that stands there won't get it.",
                    remedy="Give it a version above every merged one.",
                    location=Location(file=migration.up),
                )
            )
    return tuple(reversed(found))


def _finding(edit: Edit, directory: Path, base: str, ref: str, *, is_down: bool) -> Finding:
    if edit.change == "modified":
        diff = git(directory, "diff", "--no-color", "--no-ext-diff", base, "--", str(edit.new))
        lines = [line for line in diff.splitlines() if line[:3] not in ("---", "+++")]
        shown = [line for line in lines if line[:2] == "@@" or line[:1] in "+- "][:_DIFF_LINES_SHOWN]
        evidence = Evidence("diff", "\n".join(shown))
    else:
        evidence = Evidence(
            edit.change, f"{edit.old.name} → {edit.new.name}" if edit.new != edit.old else edit.old.name
        )
    return Finding(
        "history-edited-after-merge",
        Severity.WARNING if is_down else Severity.ERROR,
        f"{edit.old.name} is in {ref} already and has been {edit.change}: databases that have run it keep the old one.",
        remedy="Put it back as it was, and write a new migration for the change.",
        location=Location(file=edit.old if edit.change == "deleted" else edit.new),
        evidence=(evidence,),
    )


def _edits(directory: Path, base: str) -> Iterator[Edit]:
    """What changed below the directory, by ``git diff --name-status``; added files are none of it."""
    status = ("diff", "--name-status", "-z", "--find-renames", "--relative", "--no-ext-diff", base, "--", ".")
    fields = iter(git(directory, *status).split("\0"))
    changes = {"M": "modified", "T": "modified", "D": "deleted", "R": "renamed"}
    for letter in filter(None, fields):
        old = directory / next(fields)
        new = directory / next(fields) if letter[0] in "RC" else old
        if letter[0] in changes:
            yield Edit(changes[letter[0]], old, new)


def _merge_base(directory: Path, ref: str) -> str:
    base = run_git(directory, "merge-base", commit_of(directory, ref), "HEAD")
    if base.returncode:
        raise SettingsError(
            f"git finds no common ancestor of {ref!r} and HEAD",
            where=str(directory),
            hint="A shallow clone has too little history: git fetch --unshallow (in CI, fetch-depth: 0).",
        )
    return base.stdout.decode().strip()


def _common_directory(files: Sequence[Path]) -> Path:
    """The directory that holds all the files, which must be in a git repository."""
    directory = Path(os.path.commonpath([file.parent for file in files]))
    inside = run_git(directory, "rev-parse", "--is-inside-work-tree")
    if inside.returncode:
        raise SettingsError(
            f"git can't tell what is new: {complaint(inside)}",
            where=str(directory),
            hint="Leave --since out, or run in a clone of the repository.",
        )
    return directory
