"""A running throwaway PostgreSQL for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from migsafe.postgres import servers
from migsafe.postgres.server import Server, ServerSettings


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for the whole session (each worker of pytest-xdist has its own): whatever auto finds."""
    with servers.start(ServerSettings()) as running:
        yield running
