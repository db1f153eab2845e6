"""What can go wrong, as one tree. Each leaf knows its exit code; each error knows what to do next.

MigsafeError
├── UsageError      2  the command line, the settings or the user's files are wrong
│   ├── SettingsError
│   └── HistoryError
├── CannotCheck     3  the question could not be answered: no server, no permission, a tool is missing
│   ├── ServerUnavailable
│   ├── ClientToolMissing
│   └── BaselineError
└── Defect          4  migsafe itself is wrong
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    SAFE = 0
    UNSAFE = 1
    USAGE = 2
    CANNOT_CHECK = 3
    DEFECT = 4
    INTERRUPTED = 130


class MigsafeError(Exception):
    """An error that is shown to the user as it is: what happened, where, and what to do.

    ``message`` says what and why, ``where`` names the file (``file:line``) or the object, ``hint`` the next step.
    None of the three may hold a password.
    """

    exit_code = ExitCode.DEFECT

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class UsageError(MigsafeError):
    """The command line, the settings or the user's own files can't be used as they are."""

    exit_code = ExitCode.USAGE


class SettingsError(UsageError):
    """A settings file, an environment variable or a flag has a key or a value that means nothing."""


class HistoryError(UsageError):
    """The migrations can't be read as a history: a cycle, a duplicate, a file that doesn't load."""


class CannotCheck(MigsafeError):
    """The question could not be answered. Never to be read as "safe"."""

    exit_code = ExitCode.CANNOT_CHECK


class ServerUnavailable(CannotCheck):
    """No PostgreSQL could be started or reached, or it went away."""


class ClientToolMissing(CannotCheck):
    """A program that is needed (pg_dump, psql, alembic …) isn't there, or is of the wrong version."""


class BaselineError(CannotCheck):
    """The baseline (dump, SQL files, URL) could not be brought to the throwaway server."""


class Defect(MigsafeError):
    """migsafe did something that it must never do. Please report it."""
