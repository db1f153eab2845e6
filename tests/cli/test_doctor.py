"""``migsafe doctor``"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest
from click.testing import CliRunner

from migsafe.cli import main
from migsafe.postgres.servers import kinds as servers


def test_it_shows_every_kind_and_program_and_is_content_with_one_server() -> None:
    run = CliRunner().invoke(main, ["doctor"])
    assert run.exit_code == 0, run.output
    assert all(word in run.output for word in (*servers.KINDS, "pg_dump", "pg_restore", "psql", "cache"))


def test_no_usable_server_is_exit_code_3_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    run = CliRunner().invoke(main, ["doctor", "--server-version", "9"])
    assert run.exit_code == 3
    assert "apt-get install postgresql-9" in run.output
    assert "systemctl start docker" in run.output


def test_json_has_the_same() -> None:
    found = json.loads(CliRunner().invoke(main, ["doctor", "--format", "json"]).stdout)
    assert [line["name"] for line in found["servers"]] == list(servers.KINDS)
    assert all(line["usable"] or line["hint"] for line in found["servers"])


def test_a_server_that_is_named_in_the_settings_is_the_only_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGSAFE_SERVER_USE", "postgresql://nobody:secret@127.0.0.1:1/nothing")
    run = CliRunner().invoke(main, ["doctor"])
    assert run.exit_code == 3
    assert "nobody@127.0.0.1:1/nothing: can't connect" in run.stdout
    assert "secret" not in run.output


def test_a_kind_whose_packages_are_not_installed_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("docker", "docker.errors", "testcontainers", "testcontainers.core.docker_client"):
        monkeypatch.setitem(sys.modules, package, None)
    run = CliRunner().invoke(main, ["doctor"])
    assert run.exit_code == 0, run.output
    assert "pip install 'migsafe-postgres[container]'" in run.output


@pytest.mark.parametrize(("environment", "colour"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_a_terminal_gets_colour_unless_the_user_wants_none(environment: dict[str, str], colour: bool) -> None:  # noqa: FBT001
    shown, terminal = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "migsafe", "doctor", "--quiet"]
    with subprocess.Popen(command, stdout=terminal, env=plain | environment) as process:
        os.close(terminal)
        output = b""
        with suppress(OSError):  # the terminal's other end is closed
            while part := os.read(shown, 4096):
                output += part
    os.close(shown)
    assert (process.returncode, b"Servers" in output, b"\x1b[" in output) == (0, True, colour)
