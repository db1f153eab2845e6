"""A running server as its kinds hand it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from migsafe.postgres import clients
from migsafe.postgres.address import Address
from migsafe.postgres.cloning import Cloning


@dataclass(slots=True)
class RunningServer:
    """The :class:`migsafe.postgres.server.Server` that every kind gives. ``programs`` are looked through first."""

    kind: str
    version: str
    major: int
    run_id: str
    address: Address
    programs: tuple[Path, ...] = ()
    database_settings: Mapping[str, str] = field(default_factory=dict)
    passed_over: Mapping[str, str] = field(default_factory=dict)
    cloning: Cloning = field(default_factory=Cloning)

    def client(
        self,
        program: str,
        arguments: Sequence[str],
        database: str,
        *,
        stdin: IO[bytes] | None = None,
        stdout: IO[bytes] | None = None,
    ) -> bytes:
        found = clients.find(program, self.major, self.programs)
        return clients.run(found.path, arguments, self.address.on(database), stdin=stdin, stdout=stdout)
