"""The state that every experiment starts from, and which migrations are new on top of it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.errors import BaselineError, SettingsError
from migsafe.plain import many
from migsafe.postgres.dump import NEUTRAL, restore
from migsafe.postgres.servers.runs import temporary_directory
from migsafe.postgres.tables import find_tables

if TYPE_CHECKING:
    from migsafe.config import BaselineSettings
    from migsafe.history.model import Migration
    from migsafe.progress import Progress
    from migsafe.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Baseline:
    """A kept database, where it came from, the version it stands at, and the migrations after it, in order.

    ``brought`` says that it came with migrations applied: it is not made from nothing by running them here.
    """

    database: str
    source: str
    revision: str | None
    new: tuple[Migration, ...]
    brought: bool = False


def require_files(settings: BaselineSettings) -> None:
    """Raise :class:`SettingsError` for a file of the baseline that isn't there or can't be read."""
    for key, files in (("dump", filter(None, [settings.dump])), ("sql", settings.sql), ("rows", settings.rows)):
        for file in files:
            if not os.access(file, os.R_OK):
                raise SettingsError(
                    "may not be read" if file.exists() else "is not there",
                    where=str(file),
                    hint=f"Name a file that can be read in [baseline] {key}.",
                )


def build_baseline(sandbox: Sandbox, settings: BaselineSettings, progress: Progress) -> Baseline:
    """Fill a fresh database as the settings say and replay the history on it up to the base.

    Raises :class:`BaselineError` when the baseline can't be loaded or an old migration fails on it, and
    :class:`SettingsError` when the settings name a revision that isn't there.
    """
    database = sandbox.create("baseline")
    source = _fill(sandbox, database, settings, progress)
    with sandbox.connect(database) as connection:
        applied = sandbox.history.applied(connection)
        brought = bool(find_tables(connection, sandbox.history.version_tables))
    old = old_versions(sandbox, settings, applied)
    if settings.rows:
        at = old if settings.rows_revision is None else _up_to(sandbox.history.migrations, settings.rows_revision)
        replay(sandbox, database, at - applied, progress)
        for file in settings.rows:
            progress(f"loading {file.name}")
            restore(sandbox.server, file, database)
        applied = applied | at
        source += " and " + ", ".join(file.name for file in settings.rows)
    replay(sandbox, database, old - applied, progress)
    migrations = sandbox.history.migrations
    standing = [migration.version for migration in migrations if migration.version in old]
    return Baseline(
        database=database,
        source=source,
        revision=standing[-1] if standing else None,
        new=tuple(migration for migration in migrations if migration.version not in old),
        brought=brought,
    )


def _fill(sandbox: Sandbox, database: str, settings: BaselineSettings, progress: Progress) -> str:
    """Bring in the dump, the other database or the SQL files; says which it was."""
    if settings.dump:
        progress(f"restoring {settings.dump.name}")
        restore(sandbox.server, settings.dump, database)
        return f"the dump {settings.dump.name}"
    if settings.url_variable:
        return _copy_from_url(sandbox, database, settings.url_variable, progress)
    for file in settings.sql:
        progress(f"running {file.name}")
        restore(sandbox.server, file, database)
    return ", ".join(file.name for file in settings.sql) or "an empty database"


def _copy_from_url(sandbox: Sandbox, database: str, variable: str, progress: Progress) -> str:
    """Dump the database behind the URL (which is only read: pg_dump's transaction is READ ONLY) and restore it here."""
    from migsafe.postgres import clients
    from migsafe.postgres.address import parse_url
    from migsafe.postgres.databases import connect_to

    url = os.environ.get(variable)
    if not url:
        raise SettingsError(
            f"[baseline] url_variable names the environment variable {variable}, which isn't set",
            hint=f"Set {variable} to the URL of the database to read.",
        )
    address = parse_url(url)
    with connect_to(address) as connection:
        major = connection.info.server_version // 10000
    if major > sandbox.server.major:
        raise BaselineError(
            f"the database is on PostgreSQL {major}, the throwaway server is only {sandbox.server.major}",
            where=str(address),
            hint=f"Set [server] version = {major}.",
        )
    pg_dump = clients.find("pg_dump", major)
    progress(f"reading {address}")
    with temporary_directory() as directory:
        file = directory / "baseline.dump"
        with file.open("wb") as output:
            clients.run(pg_dump.path, ["--format=custom", *NEUTRAL], address, stdout=output)
        restore(sandbox.server, file, database)
    return f"the database {address.database} on {address.host}"


def old_versions(sandbox: Sandbox, settings: BaselineSettings, applied: Collection[str]) -> frozenset[str]:
    """The versions that are not to be checked: up to the base, or merged before ``since``, or applied already."""
    history = sandbox.history
    if settings.revision is not None:
        old = _up_to(history.migrations, settings.revision)
    elif settings.since is not None:
        from migsafe.history.edits import new_since

        fresh = new_since([migration.up for migration in history.migrations], settings.since)
        old = frozenset(migration.version for migration in history.migrations if migration.up not in fresh)
    else:
        old = frozenset()
    if (old or settings.rows_revision) and not history.stepwise:
        raise SettingsError(
            "this migration tool can't stop at a base revision",
            hint="Give it a baseline that stands there: [baseline] dump, url_variable or sql.",
        )
    return old | frozenset(applied)


def _up_to(migrations: Sequence[Migration], revision: str) -> frozenset[str]:
    """``revision`` (or the one version that begins so) and all its ancestors; ``base`` is none of them."""
    if revision == "base":
        return frozenset()
    parents = {migration.version: migration.parents for migration in migrations}
    matches = [revision] if revision in parents else [version for version in parents if version.startswith(revision)]
    if len(matches) != 1:
        nearest = difflib.get_close_matches(revision, parents, n=1)
        raise SettingsError(
            f"the history has {'no' if not matches else 'more than one'} revision {revision!r}",
            hint=f"Did you mean {nearest[0]}?" if nearest else "Name a version as the history has it.",
        )
    found: set[str] = set()
    waiting = matches
    while waiting:
        version = waiting.pop()
        if version not in found:
            found.add(version)
            waiting.extend(parents[version])
    return frozenset(found)


def replay(sandbox: Sandbox, database: str, versions: Collection[str], progress: Progress) -> None:
    """Apply these versions: one run of the tool for each that no other of them builds upon.

    A tool that keeps no books can't tell what is missing: it is run for each of them.
    """
    chosen = [migration for migration in sandbox.history.migrations if migration.version in versions]
    built_upon = {parent for migration in chosen for parent in migration.parents if sandbox.history.version_tables}
    for tip in (migration for migration in chosen if migration.version not in built_upon):
        progress(f"replaying {many(len(chosen), 'migration')} up to {tip.version}")
        replayed = sandbox.upgrade(database, tip)
        if replayed.run.failure:
            place = replayed.run.failure.location
            raise BaselineError(
                f"the history can't be replayed up to {tip.version}: {replayed.error}",
                where=str(place) or str(tip.up),
                hint="Give a baseline that stands at the base revision ([baseline] dump or sql), or mend the history.",
            )
