"""``migsafe doctor``: which servers and programs are there, and what to install."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from migsafe.cli.options import format_option, with_settings
from migsafe.cli.output import in_colour
from migsafe.cli.progress import Progress
from migsafe.config import Settings
from migsafe.errors import CannotCheck, ExitCode
from migsafe.postgres import clients
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import existing
from migsafe.postgres.servers.account import server_account
from migsafe.postgres.servers.kinds import KINDS
from migsafe.postgres.servers.places import cache_directory, data_directory


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked for: whether it is usable, what was found or what is the matter, and what to do."""

    name: str
    usable: bool
    found: str
    hint: str | None = None


@click.command("doctor")
@with_settings({"--server": "server.use", "--server-version": "server.version"})
@format_option(("terminal", "json"))
def command(settings: Settings, progress: Progress, report_format: str) -> int:
    """Show which servers and programs are there, and what to install.

    Exits with 0 if a server that the settings allow can be used, else with 3.
    """
    progress("Looking for servers and programs")
    servers = [_server(name, settings.server) for name in _kinds(settings.server)]
    programs = [_client(name) for name in clients.CLIENTS]
    places = [_user(), _data(settings.server), _cache()]
    if report_format == "json":
        sections = {"servers": servers, "clients": programs, "machine": places}
        click.echo(json.dumps({name: [asdict(line) for line in lines] for name, lines in sections.items()}, indent=2))
    else:
        for title, lines in (("Servers", servers), ("Client programs", programs), ("This machine", places)):
            _print(title, lines)
    return ExitCode.SAFE if any(line.usable for line in servers) else ExitCode.CANNOT_CHECK


def _kinds(settings: ServerSettings) -> Sequence[str]:
    """The kinds that the settings allow: all of them for ``auto``."""
    if settings.use == "auto":
        return tuple(KINDS)
    return (settings.use if settings.use in KINDS else "url",)


def _server(name: str, settings: ServerSettings) -> Line:
    describe = existing.describe if name == "url" else KINDS[name].describe
    try:
        return Line(name, usable=True, found=describe(settings))
    except CannotCheck as error:
        return Line(name, usable=False, found=str(error), hint=error.hint)


def _client(name: str) -> Line:
    found = clients.find_all(name)
    if not found:
        return Line(name, usable=False, found="not found", hint="Install PostgreSQL's client programs.")
    return Line(name, usable=True, found="\n".join(f"{each.version} in {each.path.parent}" for each in found))


def _user() -> Line:
    try:
        account = server_account()
    except CannotCheck as error:
        return Line("user", usable=False, found=str(error), hint=error.hint)
    if account.own:
        return Line("user", usable=True, found=f"an ordinary user ({account.name}), which runs the servers too")
    return Line("user", usable=True, found=f"root; servers run as {account.name}, as PostgreSQL refuses to run as root")


def _data(settings: ServerSettings) -> Line:
    return Line("data", usable=True, found=f"{data_directory(settings.directory)}, deleted after each run")


def _cache() -> Line:
    place = cache_directory()
    size = sum(map(_size, place.rglob("*")))
    existing = next(path for path in (place, *place.parents) if path.exists())
    writable = os.access(existing, os.W_OK)
    hint = None if writable else "Let MIGSAFE_CACHE name a directory that can be written, and servers start faster."
    return Line("cache", writable, f"{place}, {size / 2**20:.0f} MB, may be deleted at any time", hint)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:  # another run has finished with it since it was listed
        return 0


def _print(title: str, lines: list[Line]) -> None:
    colour = in_colour()
    click.secho(title, bold=True, color=colour)
    indent = " " * 14
    for line in lines:
        mark = click.style("yes", fg="green") if line.usable else click.style("no ", fg="red")
        click.echo(f"  {mark} {line.name:<11}" + line.found.replace("\n", f"\n   {indent}"), color=colour)
        if line.hint:
            click.echo(f"   {indent}→ {line.hint}")
    click.echo()
