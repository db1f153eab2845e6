"""The directory that holds the snapshots: find, list, remove.

A snapshot gets its name when it is complete. What is being written is called ``.partial-…`` and is locked; what is
called so and isn't locked was left by a run that died.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from migsafe.errors import CannotCheck, UsageError
from migsafe.postgres.servers.runs import is_alive
from migsafe.setting import nearest
from migsafe.snapshots.manifest import MANIFEST, Snapshot, read

PARTIAL = ".partial-"


def new_name(store: Path, database: str, taken: datetime) -> str:
    """The database's name and the time, with a number where that name is taken."""
    plain = re.sub(r"[^\w.-]+", "_", database)[:60].lstrip(".") or "database"
    name = f"{plain}-{taken:%Y%m%dT%H%M%SZ}"
    numbered = (f"{name}-{number}" for number in range(2, 1000))
    return name if not (store / name).exists() else next(each for each in numbered if not (store / each).exists())


def snapshots(store: Path) -> tuple[Snapshot, ...]:
    """All complete snapshots that this migsafe can read, the oldest first."""
    found = (each for each in _all(store) if isinstance(each, Snapshot))
    return tuple(sorted(found, key=lambda snapshot: (snapshot.manifest.taken, snapshot.path.name)))


def unreadable(store: Path) -> Mapping[Path, str]:
    """The snapshots whose manifest is damaged or of another format, and why they can't be read."""
    return {Path(each.where or store).parent: each.message for each in _all(store) if isinstance(each, CannotCheck)}


def _all(store: Path) -> Iterator[Snapshot | CannotCheck]:
    for path in sorted(store.glob(f"*/{MANIFEST}")):
        if not path.parent.name.startswith("."):
            try:
                yield read(path.parent)
            except CannotCheck as error:
                yield error


def find(store: Path, name: str) -> Snapshot:
    """The snapshot of that name, in that directory, or the newest with that tag; ``latest`` is the newest of all.

    Raises :class:`UsageError`.
    """
    found = lookup(store, name)
    if found:
        return found
    names = [snapshot.path.name for snapshot in snapshots(store)]
    raise UsageError(
        f"there is no snapshot {name!r}{nearest(name, names)}", where=str(store), hint="See migsafe snapshot list."
    )


def lookup(store: Path, name: str) -> Snapshot | None:
    """As :func:`find`; none where there is no such snapshot."""
    if name == "latest" and (found := snapshots(store)):
        return found[-1]
    for path in (store / name, Path(name), *_tagged(store, name)):
        if (path / MANIFEST).is_file():
            return read(path)
    return None


def _tagged(store: Path, tag: str) -> Iterator[Path]:
    yield from (snapshot.path for snapshot in reversed(snapshots(store)) if snapshot.manifest.tag == tag)


def remove(path: Path) -> None:
    """Delete a snapshot or what is left of one; a manifest goes first, so that half of one is never taken for whole."""
    try:
        (path / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(path)
    except OSError as error:
        raise CannotCheck(f"can't be deleted: {error.strerror}", where=str(path)) from error


def dead_partials(store: Path) -> Iterator[Path]:
    """What runs that died left behind."""
    yield from (path for path in sorted(store.glob(f"{PARTIAL}*")) if path.is_dir() and not is_alive(path))
