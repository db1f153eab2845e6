"""The kinds of server by name, and the one way to start one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from migsafe.errors import CannotCheck, ServerUnavailable, SettingsError
from migsafe.postgres.local import Local
from migsafe.postgres.server import Server, ServerKind, ServerSettings

KINDS: Mapping[str, ServerKind] = {kind.name: kind for kind in (Local(),)}


@contextmanager
def start(settings: ServerSettings) -> Iterator[Server]:
    with KINDS["local"].start(settings) as server:
        yield server
