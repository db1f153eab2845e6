"""The schema that a directory of migrations makes: all of them run on an empty database of a throwaway server."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from migsafe.baseline import build_baseline
from migsafe.config import BaselineSettings, Settings, load
from migsafe.differences.reading import read_catalog
from migsafe.errors import BaselineError, UsageError
from migsafe.git import commit_of, git
from migsafe.history.model import HistorySettings
from migsafe.plan import read_history, steps
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers.kinds import start
from migsafe.postgres.servers.runs import temporary_directory
from migsafe.postgres.tables import find_tables
from migsafe.progress import Progress
from migsafe.sandbox import Sandbox
from migsafe.schema.catalog import Catalog


def build(directory: Path, ref: str | None, server: ServerSettings, progress: Progress) -> Catalog:
    """The schema after all migrations of ``directory``, as it is or at a git ref; the version table is left out.

    What the settings say of the history holds where they are about this directory. Raises :class:`UsageError` for a
    ref or a directory that there is not, and :class:`BaselineError` when a migration fails.
    """
    root = Path.cwd()
    if ref is None:
        return _run(_settings(directory.absolute(), root, root), server, progress, str(directory))
    top = Path(git(root, "rev-parse", "--show-toplevel").removesuffix("\n"))
    with _checkout(top, ref) as copy:
        moved = copy / directory.absolute().relative_to(top) if directory.absolute().is_relative_to(top) else None
        if moved is None or not moved.is_dir():
            raise UsageError(f"there is no directory {directory} at {ref}", hint="Name it relative to this directory.")
        return _run(_settings(moved, copy, top), server, progress, f"{directory}@{ref}")


def _settings(directory: Path, root: Path, was: Path) -> Settings:
    """The project's settings, if they are about this directory, with ``root`` in place of where they were."""
    settings = load(Path.cwd(), None, os.environ)
    history = settings.history

    def moved(path: Path) -> Path:
        return root / path.absolute().relative_to(was) if path.absolute().is_relative_to(was) else path

    own = {moved(path) for path in (history.path, history.config and history.config.parent, settings.root) if path}
    if settings.file is None or directory not in own:
        return replace(
            settings,
            history=HistorySettings(root=directory.parent, path=directory, timeout=history.timeout),
            baseline=BaselineSettings(),
        )
    begun = settings.baseline
    return replace(
        settings,
        history=replace(
            history,
            root=moved(history.root),
            path=history.path and moved(history.path),
            config=history.config and moved(history.config),
        ),
        baseline=BaselineSettings(dump=begun.dump and moved(begun.dump), sql=tuple(map(moved, begun.sql))),
    )


def _run(settings: Settings, server: ServerSettings, progress: Progress, name: str) -> Catalog:
    history = read_history(settings)
    progress("starting PostgreSQL")
    with start(server) as running:
        sandbox = Sandbox(running, history, statement_timeout=settings.checks.statement_timeout)
        baseline = build_baseline(sandbox, settings.baseline, progress)
        progress(f"running the migrations of {name}")
        each = steps(history, baseline) if history.stepwise and not history.version_tables else ()
        for target in [step.target for step in each] or [None]:
            run = sandbox.upgrade(baseline.database, target)
            if run.run.failure or not run.connected:
                raise BaselineError(
                    f"the migrations fail: {run.error or 'the tool never connected'}",
                    where=str(run.run.failure.location) if run.run.failure else name,
                    hint="Mend the history: migsafe check tells more.",
                )
        with sandbox.connect(baseline.database) as connection:
            books = find_tables(connection, history.version_tables)
            return replace(read_catalog(connection, ignore=books), owners=False, books=books)


@contextmanager
def _checkout(top: Path, ref: str) -> Iterator[Path]:
    """The repository's files at the ref, in a folder that is gone afterwards; index and work tree stay as they are."""
    commit = commit_of(top, ref)
    with temporary_directory() as folder:
        archive = folder / "files.tar"
        git(top, "archive", "--format=tar", f"--output={archive}", commit)
        files = folder / "files"
        with tarfile.open(archive) as packed:
            packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11 has none up to 3.11.3
            packed.extractall(files)  # noqa: S202  git's own archive, with the filter where there is one
        yield files
