"""A server of the PostgreSQL that is installed on this machine."""

from __future__ import annotations

from contextlib import AbstractContextManager

from migsafe.errors import ServerUnavailable
from migsafe.postgres.installation import Installation, installation_in, program_directories
from migsafe.postgres.server import Server, ServerSettings
from migsafe.postgres.servers.account import server_account


class Local:
    """``initdb`` and ``postgres`` from the environment or from where packages put them."""

    name = "local"

    def describe(self, settings: ServerSettings) -> str:
        installation = self._find(settings)
        return f"PostgreSQL {installation.version} in {installation.programs}"

    def start(self, settings: ServerSettings) -> AbstractContextManager[Server]:
        from migsafe.postgres.servers import postmaster

        return postmaster.start(self.name, self._find(settings), settings)

    def _find(self, settings: ServerSettings) -> Installation:
        """The first installation of the wanted version that the server's user can run."""
        account, wrong, closed = server_account(), [], []
        for installation in filter(None, map(installation_in, program_directories())):
            if settings.version not in (None, installation.major):
                wrong.append(str(installation.major))
            elif not account.can_run(installation.postgres):
                closed.append(str(installation.programs))
            else:
                return installation
        wanted = f"PostgreSQL {settings.version}" if settings.version else "PostgreSQL"
        if closed:
            message = f"{wanted} is in {closed[0]}, where user {account.name!r} can't run it"
        elif wrong:
            message = f"{wanted} is not installed on this machine, only {', '.join(dict.fromkeys(wrong))}"
        else:
            message = f"{wanted} is not installed on this machine"
        package = f"postgresql-{settings.version}" if settings.version else "postgresql"
        raise ServerUnavailable(
            message, hint=f"Install it (Debian, Ubuntu: apt-get install {package}; Homebrew: brew install postgresql)."
        )
