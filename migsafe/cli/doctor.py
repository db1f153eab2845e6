"""``migsafe doctor``: which servers and programs are there, and what to install."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass

import click

from migsafe.errors import CannotCheck, ExitCode
from migsafe.postgres import clients
from migsafe.postgres.account import server_account
from migsafe.postgres.places import cache_directory, data_directory
from migsafe.postgres.server import ServerSettings
from migsafe.postgres.servers import KINDS


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked for: whether it is usable, what was found or what is the matter, and what to do."""

    name: str
    usable: bool
    found: str
    hint: str | None = None


@click.command("doctor")
@click.option("--version", "major", type=int, help="The major version of PostgreSQL that is wanted.")
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(major: int | None, output: str) -> None:
    """Show which servers and programs are there, and what to install.

    Exits with 0 if at least one kind of throwaway server can be used, else with 3.
    """
    servers = [_server(name, ServerSettings(use=name, version=major)) for name in KINDS]
    programs = [_client(name) for name in clients.CLIENTS]
    places = [_user(), _data(), _cache()]
    if output == "json":
        sections = {"servers": servers, "clients": programs, "machine": places}
        click.echo(json.dumps({name: [asdict(line) for line in lines] for name, lines in sections.items()}, indent=2))
    else:
        for title, lines in (("Servers", servers), ("Client programs", programs), ("This machine", places)):
            _print(title, lines)
    if not any(line.usable for line in servers):
        sys.exit(ExitCode.CANNOT_CHECK)


def _server(name: str, settings: ServerSettings) -> Line:
    try:
        return Line(name, usable=True, found=KINDS[name].describe(settings))
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


def _data() -> Line:
    return Line("data", usable=True, found=f"{data_directory()}, deleted after each run")


def _cache() -> Line:
    place = cache_directory()
    size = sum(path.lstat().st_size for path in place.rglob("*"))
    existing = next(path for path in (place, *place.parents) if path.exists())
    writable = os.access(existing, os.W_OK)
    hint = None if writable else "Let MIGSAFE_CACHE name a directory that can be written, and servers start faster."
    return Line("cache", writable, f"{place}, {size / 2**20:.0f} MB, may be deleted at any time", hint)


def _print(title: str, lines: list[Line]) -> None:
    click.secho(title, bold=True)
    indent = " " * 14
    for line in lines:
        mark = click.style("yes", fg="green") if line.usable else click.style("no ", fg="red")
        click.echo(f"  {mark} {line.name:<11}" + line.found.replace("\n", f"\n   {indent}"))
        if line.hint:
            click.echo(f"   {indent}→ {line.hint}")
    click.echo()
