"""Choosing a server."""

from __future__ import annotations

import pytest

from migsafe.errors import ServerUnavailable, SettingsError
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import kinds as servers


def test_auto_takes_the_first_that_works_and_says_why_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with servers.start(ServerSettings()) as server:
        working = server.kind
    kinds = dict(servers.KINDS)
    if working == "local":
        kinds = {"embedded": kinds["embedded"], "local": kinds["local"]}
        monkeypatch.setattr("migsafe.postgres.installation._WHEELS", ())
        passed_over = {"embedded": "no wheel with a PostgreSQL server is installed"}
    else:
        passed_over = dict(server.passed_over)
    monkeypatch.setattr(servers, "KINDS", kinds)
    with servers.start(ServerSettings()) as server:
        assert server.kind == working
        assert server.passed_over == passed_over


def test_when_nothing_works_every_reason_and_hint_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ServerUnavailable) as caught, servers.start(ServerSettings(version=9)):
        pass
    for kind in servers.KINDS:
        assert f"  {kind}: " in str(caught.value)
        assert f"  {kind}: " in str(caught.value.hint)


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(SettingsError) as caught, servers.start(ServerSettings(use="cloud")):
        pass
    assert caught.value.hint == "Choose one of auto, local, embedded, container, or a URL."
