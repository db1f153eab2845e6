"""``migsafe init``: a commented migsafe.toml that fits the project."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from migsafe.cli.options import debug_option
from migsafe.cli.output import write_file
from migsafe.cli.project import Found, find_history
from migsafe.config import TABLES, keys
from migsafe.errors import SettingsError, UsageError
from migsafe.setting import Key
from migsafe.settings_file import OWN

HEAD = """\
# What migsafe is to know of this project. A key that is commented out has its default, or is found out by looking.
# Relative paths start from this file. MIGSAFE_<TABLE>_<KEY> in the environment overrides a key, and a flag both.
"""


@click.command("init")
@click.option("--force", is_flag=True, help="Overwrite a migsafe.toml that is there.")
@click.option("--stdout", "shown", is_flag=True, help="Print it instead of writing it.")
@debug_option
def command(*, force: bool, shown: bool) -> None:
    """Write a commented migsafe.toml that fits this project into the current directory."""
    file = Path.cwd() / OWN
    found = find_history(file.parent)
    text = settings_text(found)
    if shown:
        click.echo(text, nl=False)
        return
    if file.exists() and not force:
        raise SettingsError("this file is there already", where=OWN, hint="Overwrite it with --force.")
    write_file(file, text, "Let the directory be written to, or have it printed with --stdout.")
    kind = found.get("history.kind")
    what = f"for a history of {kind}" if kind else "with no history found: set [history] kind and path in it"
    click.echo(f"wrote {OWN}, {what}; next: migsafe check", err=True)


def settings_text(found: Found) -> str:
    """A settings file that says what was found and explains every other key that could matter."""
    kind = found.get("history.kind")
    lines = [HEAD]
    for table in TABLES:
        lines.append(f"[{table}]")
        for name, key in keys().items():
            if key.table == table and (key.setting.kind in (None, kind) or not kind):
                lines += _key(key, found.get(name))
        lines.append("")
    return "\n".join(lines)


def _key(key: Key, value: object) -> Iterator[str]:
    yield f"# {key.setting.description}"
    if key.setting.allowed:
        yield f"# One of {', '.join(key.setting.allowed)}."
    yield f"{key.name} = {_toml(value)}" if value is not None else f"# {key.name} = {_toml(example(key))}"


def example(key: Key) -> object:
    """The default, or where there is none an empty value of the type."""
    if key.default is not None:
        return key.default
    return 17 if key.type is int else ""


def _toml(value: object) -> str:
    """A value as TOML; its basic strings are JSON's, but for one character."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(name)} = {_toml(each)}" for name, each in value.items()) + " }"
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise UsageError("a settings file can't hold this name, which is not UTF-8", where=repr(value)) from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
