"""The kinds of server by name, and the one way to start one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from migsafe.errors import ServerUnavailable, SettingsError
from migsafe.postgres.server import Server, ServerKind, ServerSettings
from migsafe.postgres.servers.container import Container
from migsafe.postgres.servers.embedded import Embedded
from migsafe.postgres.servers.local import Local

KINDS: Mapping[str, ServerKind] = {kind.name: kind for kind in (Local(), Embedded(), Container())}
"""The kinds of throwaway server in the order in which ``auto`` tries them.

Local and embedded servers start in a fraction of a second and need nothing but what is installed, so they come first,
the local one before the embedded since it brings the machine's extensions. A container comes last: its image may have
to be pulled. Who needs another kind or version says so (``use``, ``version``).
"""


@contextmanager
def start(settings: ServerSettings) -> Iterator[Server]:
    """Run the server that the settings ask for until leaving; every start sweeps what dead runs of its kind left.

    Raises :class:`ServerUnavailable` when it can't be had; for ``auto`` with the reason of every kind.
    """
    with ExitStack() as stack:
        if settings.use == "auto":
            server = _first_that_works(stack, settings)
        elif "://" in settings.use:
            from migsafe.postgres.servers import existing

            server = stack.enter_context(existing.start(settings))
        elif settings.use in KINDS:
            server = stack.enter_context(KINDS[settings.use].start(settings))
        else:
            raise SettingsError(
                f"there is no server {settings.use!r}", hint=f"Choose one of auto, {', '.join(KINDS)}, or a URL."
            )
        yield server


def _first_that_works(stack: ExitStack, settings: ServerSettings) -> Server:
    refused: dict[str, ServerUnavailable] = {}
    for name, kind in KINDS.items():
        try:
            server = stack.enter_context(kind.start(settings))
        except ServerUnavailable as error:
            refused[name] = error
            continue
        server.passed_over = {other: str(error) for other, error in refused.items()}
        return server
    reasons = "\n".join(f"  {name}: {error}" for name, error in refused.items())
    hints = "\n".join(f"  {name}: {error.hint}" for name, error in refused.items() if error.hint)
    raise ServerUnavailable(
        f"no PostgreSQL server can be started here:\n{reasons}", hint=f"One of these is enough:\n{hints}"
    )
