"""What Flyway's history table says: which migrations stand, which are pending, and what fails validation.

Pure decisions on rows and files, after ``MigrationInfoServiceImpl`` and ``MigrationInfoImpl`` of ``flyway-core``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from migsafe.history.flyway_files import FlywayFile, VersionKey, version_key

_BASELINES = ("BASELINE", "SQL_BASELINE", "JDBC_BASELINE")
_BOOKED_ONLY = ("SCHEMA", "DELETE", *_BASELINES)
_NOT_SQL = ("JDBC", "JDBC_BASELINE", "SCRIPT", "CUSTOM")


class Row(NamedTuple):
    """One row of the history table."""

    installed_rank: int
    version: str | None
    description: str
    type: str
    script: str
    checksum: int | None
    success: bool

    @property
    def key(self) -> VersionKey:
        return version_key(self.version or "0")


Checksum = Callable[[FlywayFile], tuple[int, ...]]
"""The checksums that a file may be booked with: of its text, and of its text with placeholders replaced."""


def standing(rows: Sequence[Row]) -> dict[VersionKey, Row]:
    """The latest row of each version that was neither undone nor deleted."""
    found: dict[VersionKey, Row] = {}
    for row in rows:
        if row.version is None:
            continue
        if (row.type.startswith("UNDO") and row.success) or row.type == "DELETE":
            found.pop(row.key, None)
        elif not row.type.startswith("UNDO"):
            found[row.key] = row
    return found


def baseline_of(rows: Sequence[Row]) -> VersionKey:
    """The version of the newest baseline in the table; versions up to it are never run. Empty when there is none."""
    return max((row.key for row in rows if row.version and row.type in _BASELINES), default=())


def latest_repeatables(rows: Sequence[Row]) -> dict[str, Row]:
    """The last run of each repeatable migration, by description."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.version is None and row.type != "SCHEMA":
            found[row.description] = row
    return {description: row for description, row in found.items() if row.type != "DELETE"}


def pending(
    files: Sequence[FlywayFile], rows: Sequence[Row], checksums: Checksum, *, out_of_order: bool
) -> list[FlywayFile]:
    """What Flyway would run now, in order: versioned files, then repeatable ones that are new or have changed."""
    present = standing(rows)
    found = []
    below = baseline_of(rows)
    if not present:
        baselines = [file for file in files if file.prefix == "B"]
        found += baselines[-1:]
        below = baselines[-1].key if baselines else ()
    newest = max(present, default=())
    for file in files:
        if file.prefix == "V" and file.key not in present and file.key > below and (file.key > newest or out_of_order):
            found.append(file)
    ran = latest_repeatables(rows)
    for file in files:
        if file.prefix == "R":
            last = ran.get(file.booked_description)
            if last is None or last.checksum not in checksums(file):
                found.append(file)
    return found


def invalid(files: Sequence[FlywayFile], rows: Sequence[Row], checksums: Checksum, *, out_of_order: bool) -> list[str]:
    """What ``flyway validate`` would complain of, but for migrations that are only pending."""
    versioned = {file.key: file for file in files if file.prefix == "V"}
    repeatable = {file.booked_description: file for file in files if file.prefix == "R"}
    present, below = standing(rows), baseline_of(rows)
    complaints: list[str] = []
    for key, row in sorted(present.items()):
        if key > below:
            is_future = key > max(versioned, default=())
            complaints += _complaints(row, versioned.get(key), f"version {row.version}", checksums, is_future=is_future)
    for description, row in sorted(latest_repeatables(rows).items()):
        complaints += _complaints(row, repeatable.get(description), row.script, None, is_future=False)
    newest = max(present, default=())
    if not out_of_order:
        complaints += [
            f"Detected resolved migration not applied to database: {file.version}.\nTo ignore this migration, set "
            "-ignoreMigrationPatterns='*:ignored'. To allow executing this migration, set -outOfOrder=true."
            for key, file in sorted(versioned.items())
            if key not in present and below < key < newest
        ]
    return complaints


def _complaints(
    row: Row, file: FlywayFile | None, name: str, checksums: Checksum | None, *, is_future: bool
) -> Iterator[str]:
    if not row.success:
        what = (
            f"migration to version {row.version} ({row.description})"
            if row.version
            else f"repeatable migration: {row.description}"
        )
        yield (
            f"Detected failed {what}.\n"
            "Please remove any half-completed changes then run repair to fix the schema history."
        )
    elif file is None:
        if row.type not in (*_BOOKED_ONLY, *_NOT_SQL) and not is_future:
            yield (
                f"Detected applied migration not resolved locally: {row.version or row.description}.\n"
                "If you removed this migration intentionally, run repair to mark the migration as deleted."
            )
    elif checksums is not None and row.type not in _BOOKED_ONLY and row.checksum not in checksums(file):
        yield _mismatch("checksum", name, row.checksum, checksums(file)[0])
    elif row.type not in _BOOKED_ONLY and row.description != file.booked_description:
        yield _mismatch("description", name, row.description, file.description)


def _mismatch(what: str, name: str, applied: object, resolved: object) -> str:
    return (
        f"Migration {what} mismatch for migration {name}\n"
        f"-> Applied to database : {applied}\n"
        f"-> Resolved locally    : {resolved}\n"
        "Either revert the changes to the migration, or run repair to update the schema history."
    )
