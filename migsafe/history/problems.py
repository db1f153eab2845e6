"""What can be wrong with a history made of SQL files, as findings. The rules are the same for every tool."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from migsafe.findings import Finding, Location, Severity
from migsafe.history.model import Migration


def duplicate_version(version: str, first: Path, second: Path) -> Finding:
    """Two files claim the same version: the tool refuses to start, or one of them is never run."""
    return Finding(
        "history-duplicate-version",
        Severity.ERROR,
        f"Version {version} is in two files, {first.name} and {second.name}.",
        remedy=f"Give {second.name} a version of its own.",
        location=Location(file=second),
    )


def loose_files(files: Iterable[Path]) -> Iterator[Finding]:
    """Files that lie among folders which are a migration each, and are none themselves."""
    for file in files:
        yield Finding(
            "history-file-ignored",
            Severity.NOTE,
            f"{file.name} lies beside folders with a migration each and has no number, so it isn't run.",
            remedy="Nothing, if it is no migration; else give it a folder of its own.",
            location=Location(file=file),
        )


def missing_versions(migrations: Sequence[Migration], number: Callable[[Migration], int]) -> Iterator[Finding]:
    """Gaps in a history that is numbered in sequence; timestamps have no gaps to speak of."""
    numbers = {number(migration): migration for migration in migrations}
    if not numbers or max(numbers) - min(numbers) >= 2 * len(numbers):
        return
    for missing in sorted(set(range(min(numbers), max(numbers))) - set(numbers)):
        following = numbers[min(present for present in numbers if present > missing)]
        yield Finding(
            "history-missing-version",
            Severity.NOTE,
            f"There is no version {missing}.",
            remedy="Nothing, if it was removed on purpose; a file may have been forgotten.",
            location=Location(file=following.up),
        )


def missing_downs(migrations: Sequence[Migration]) -> Iterator[Finding]:
    """Migrations without a way back, in a history that has a way back for others."""
    if not any(migration.down for migration in migrations):
        return
    for migration in migrations:
        if migration.down is None and not migration.repeatable:
            yield Finding(
                "history-missing-down",
                Severity.WARNING,
                f"{migration.up.name} has no down migration.",
                remedy="Write one, or say in the file why there is no way back.",
                location=Location(file=migration.up),
            )


def empty_files(migrations: Iterable[Migration], is_empty: Callable[[Path], bool]) -> Iterator[Finding]:
    """Migrations without a statement, and downs without one where there is something to take back."""
    for migration in migrations:
        if is_empty(migration.up):
            yield Finding(
                "history-empty-migration",
                Severity.WARNING,
                f"{migration.up.name} holds no statement.",
                remedy="Fill it or delete it.",
                location=Location(file=migration.up, line=1),
            )
        elif migration.down and migration.down != migration.up and is_empty(migration.down):
            yield Finding(
                "history-empty-down",
                Severity.WARNING,
                f"{migration.down.name} holds no statement, so it takes nothing back.",
                remedy="Write what undoes the migration, or delete the file.",
                location=Location(file=migration.down, line=1),
            )
