"""What every kind of server gives: an address to connect to, and the PostgreSQL programs that fit it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Protocol

from migsafe.postgres.address import Address
from migsafe.setting import Setting

if TYPE_CHECKING:
    from migsafe.postgres.cloning import Cloning


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the user wants of the throwaway server."""

    use: Annotated[
        str,
        Setting(
            "Where the throwaway PostgreSQL comes from; auto takes the first that works.",
            allowed=("auto", "container", "local", "embedded", "URL"),
        ),
    ] = "auto"
    version: Annotated[int | None, Setting("The wanted major version (default: whatever is there).")] = None
    image: Annotated[
        str | None, Setting("The container image (default: the official postgres image of that version).")
    ] = None
    directory: Annotated[
        Path | None, Setting("Where data directories are made (default: the fastest place with enough room).")
    ] = None
    settings: Annotated[Mapping[str, str], Setting("Server settings, such as TimeZone, set when it starts.")] = field(
        default_factory=dict
    )
    roles: Annotated[tuple[str, ...], Setting("Roles that are created before anything else.")] = ()


class Server(Protocol):
    """A running PostgreSQL on which migsafe may make databases. Started and stopped by its context manager."""

    kind: str
    """``container``, ``local``, ``embedded`` or ``url``."""

    version: str
    """The server's own word, such as ``15.8 (Debian 15.8-1)``."""

    major: int

    passed_over: Mapping[str, str]
    """The kinds that ``auto`` tried before this one, each with the reason why it was not used."""

    database_settings: Mapping[str, str]
    """Parameters that are set on each database, where they could not be set on the server itself."""

    cloning: Cloning
    """How databases are made on it, the fastest way that was seen."""

    run_id: str
    """Names this run: its databases are called ``migsafe_<run id>_…``, its containers carry it as a label."""

    @property
    def address(self) -> Address:
        """The maintenance database, as a superuser (or as the user given in the URL)."""

    def client(
        self,
        program: str,
        arguments: Sequence[str],
        database: str,
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> bytes:
        """Run ``pg_dump``, ``pg_restore`` or ``psql`` of a version that fits, connected to ``database``.

        Returns what it printed (empty if ``stdout`` was given). Raises :class:`migsafe.errors.ClientToolMissing` when
        there is no such program, or only one older than the server, and :class:`migsafe.errors.CannotCheck` with the
        program's own words when it fails. Passwords go by environment.
        """


class ServerKind(Protocol):
    """One way to have a server, found by name in :data:`migsafe.postgres.servers.kinds.KINDS`."""

    name: str

    def describe(self, settings: ServerSettings) -> str:
        """What would be started: version and place. Takes under 1 s.

        Raises :class:`migsafe.errors.ServerUnavailable` with what to install when this kind can't be used here.
        """

    def start(self, settings: ServerSettings) -> AbstractContextManager[Server]:
        """Start it, sweep what dead runs left behind, and stop it on leaving, also when leaving by an exception."""
