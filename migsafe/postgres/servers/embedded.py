"""A server out of a Python wheel: no system package is needed.

Only the wheel's programs are used. The Python side of such wheels manages servers in its own way: as root it adds users
and loosens the permissions of parent folders.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from migsafe.errors import ServerUnavailable
from migsafe.postgres.installation import Installation, installation_in, wheel_directories
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers.account import Account, server_account
from migsafe.postgres.servers.places import cache_directory
from migsafe.postgres.servers.runs import cache_entry


class Embedded:
    """The server in a wheel, started as a local one is."""

    name = "embedded"

    def describe(self, settings: ServerSettings) -> str:
        installation = self._find(settings)
        return f"PostgreSQL {installation.version} in {installation.programs}"

    def start(self, settings: ServerSettings) -> AbstractContextManager[Server]:
        from migsafe.postgres.servers import postmaster

        installation = _within_reach(self._find(settings), server_account())
        return postmaster.start(self.name, installation, settings)

    def _find(self, settings: ServerSettings) -> Installation:
        installations = list(filter(None, map(installation_in, wheel_directories())))
        for installation in installations:
            if settings.version in (None, installation.major):
                return installation
        if installations:
            present = ", ".join(dict.fromkeys(str(each.major) for each in installations))
            message = f"PostgreSQL {settings.version} is wanted, and the installed wheel has {present}"
            raise ServerUnavailable(message, hint="Change 'version' under [server], or use another kind of server.")
        raise ServerUnavailable(
            "no wheel with a PostgreSQL server is installed",
            hint="Install it: pip install 'migsafe-postgres[embedded]'",
        )


def _within_reach(installation: Installation, account: Account) -> Installation:
    """The installation itself if ``account`` can run it, else a copy of its wheel's files in the cache.

    As root, a virtual environment below a 0700 home is out of reach for the server's user, and the user's folders are
    not ours to open.
    """
    if account.can_run(installation.postgres):
        return installation
    packages = _site_packages(installation.programs)
    digest = hashlib.sha256(f"{installation.programs}\0{installation.version}".encode()).hexdigest()[:16]
    copy = cache_directory() / "programs" / f"{installation.major}-{digest}"
    try:
        if not copy.is_dir():
            _copy_wheel(packages, installation.programs.relative_to(packages), copy)
    except OSError as error:
        raise ServerUnavailable(f"the embedded server can't be copied: {error}", where=str(copy)) from error
    copied = installation_in(copy / installation.programs.relative_to(packages))
    if copied is None or not account.can_run(copied.postgres):
        raise ServerUnavailable(
            f"user {account.name!r}, which runs the server, can't reach the cache",
            where=str(cache_directory()),
            hint="Let MIGSAFE_CACHE name a directory that every user may enter.",
        )
    return copied


def _site_packages(programs: Path) -> Path:
    """The directory that holds the wheel's package: the parent of the outermost directory that is a package."""
    packages = [parent for parent in programs.parents if (parent / "__init__.py").exists()]
    return packages[-1].parent


def _copy_wheel(packages: Path, programs: Path, target: Path) -> None:
    """Copy the installation and the libraries beside its package (``<package>.libs``) as they lie to each other."""
    with cache_entry(target) as entry:
        for part in (programs.parent, Path(f"{programs.parts[0]}.libs")):
            if (packages / part).is_dir():
                shutil.copytree(packages / part, entry / part, symlinks=True)
        for path in (entry.parent.parent, entry.parent, entry, *entry.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
