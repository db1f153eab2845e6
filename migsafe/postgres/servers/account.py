"""The operating system user that server programs run as: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from migsafe.errors import ServerUnavailable


class Privileges(TypedDict, total=False):
    """Keyword arguments for :class:`subprocess.Popen`."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user by name and numbers; ``own`` if it is the one that migsafe runs as."""

    name: str
    uid: int
    gid: int
    own: bool

    @property
    def privileges(self) -> Privileges:
        """What makes a child process run as this user; nothing for our own."""
        return {} if self.own else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_run(self, program: Path) -> bool:
        """Whether this user can run ``program``. It is tried, since that takes every parent folder and library."""
        try:
            answer = subprocess.run(
                [program, "--version"], capture_output=True, check=False, cwd="/", **self.privileges
            )
        except OSError:
            return False
        return answer.returncode == 0


def own_account() -> Account:
    """The user that migsafe runs as."""
    return Account(str(os.geteuid()), os.geteuid(), os.getegid(), own=True)


def server_account() -> Account:
    """The user to run servers as: ourselves, or, when we are root, ``postgres`` if there is one, else ``nobody``.

    Raises :class:`ServerUnavailable` when root has neither.
    """
    if os.geteuid() != 0:
        return own_account()
    for account in _unprivileged():
        return account
    raise ServerUnavailable(
        "PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody' to run it as",
        hint="Run migsafe as an ordinary user, or add one: useradd --system postgres",
    )


def our_user_ids() -> frozenset[int]:
    """Whom the directories of our runs may belong to."""
    others = (account.uid for account in _unprivileged()) if os.geteuid() == 0 else ()
    return frozenset((os.geteuid(), *others))


def _unprivileged() -> Iterator[Account]:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                yield Account(name, entry.pw_uid, entry.pw_gid, own=False)
