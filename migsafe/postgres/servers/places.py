"""Where things are kept on disk: the cache that outlives runs, and the place where runs have their data."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from migsafe.errors import SettingsError

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  what is made there is private, see runs.py
_ENOUGH = 2 * 2**30
"""Bytes that must be free in shared memory before a data directory is put there."""


def cache_directory() -> Path:
    """``MIGSAFE_CACHE``, or the system's place for caches: of the user, or of the whole system when run as root.

    Root's own cache folder lies behind a 0700 home, which the user that runs the server can't enter. Everything in here
    can be deleted at any time. The directory may not exist yet.
    """
    if chosen := os.environ.get("MIGSAFE_CACHE"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path("/Library/Caches/migsafe") if os.geteuid() == 0 else Path.home() / "Library/Caches/migsafe"
    if os.geteuid() == 0:
        return Path("/var/cache/migsafe")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "migsafe"


def data_directory(chosen: Path | None = None) -> Path:
    """Where a run puts its data: ``chosen``, or shared memory with enough room, or where temporary files are."""
    if chosen is not None:
        if not chosen.is_dir() or not os.access(chosen, os.W_OK | os.X_OK):
            raise SettingsError(
                "the directory for throwaway servers doesn't exist or can't be written",
                where=str(chosen),
                hint="Create it, or leave 'directory' out of [server] to let migsafe choose.",
            )
        return chosen.absolute()
    if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_SHARED_MEMORY).free >= _ENOUGH:
        return _SHARED_MEMORY
    return Path(tempfile.gettempdir())


def data_directories(chosen: Path | None = None) -> tuple[Path, ...]:
    """Every place where an earlier run may have left data."""
    places = [_SHARED_MEMORY, Path(tempfile.gettempdir()), *([chosen.absolute()] if chosen else [])]
    return tuple(dict.fromkeys(place for place in places if place.is_dir()))
