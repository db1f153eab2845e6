"""The architecture, held by tests: who may import whom, what loads when, which flag is which setting."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import click
import pytest

import migsafe
from migsafe.cli import COMMANDS
from migsafe.cli.options import SettingOption
from migsafe.config import keys
from migsafe.errors import MigsafeError
from migsafe.reports import FORMATS

PACKAGE = Path(migsafe.__file__).parent

LAYERS: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "setting": frozenset(),
    "plain": frozenset(),
    "git": frozenset({"errors"}),
    "findings": frozenset({"errors"}),
    "sql": frozenset({"errors", "findings"}),
    "postgres": frozenset({"errors", "findings", "setting", "sql"}),
    "history": frozenset({"errors", "git", "findings", "setting", "sql", "postgres"}),
    "wire": frozenset({"errors", "findings", "sql", "postgres"}),
    "catalog": frozenset({"errors", "sql"}),
    "rerun": frozenset({"errors", "findings", "sql", "catalog"}),
    "rules": frozenset({"errors", "findings", "sql", "catalog", "rerun"}),
    "tracing": frozenset({"errors", "findings", "sql", "postgres", "history", "wire"}),
    "schema": frozenset({"errors", "findings", "plain", "sql", "postgres"}),
    "rows": frozenset({"errors", "findings", "sql", "postgres"}),
    "populate": frozenset({"errors", "findings", "sql", "postgres"}),
    "contract": frozenset({"errors", "git", "findings", "plain"}),
    "reports": frozenset({"findings", "plain"}),
}
"""What each part of the package may import from the others. Parts above these join them and may import all of them."""

HEAVY = (
    "psycopg",
    "rich",
    "testcontainers",
    "docker",
    "postgast",
    "msgspec",
    "alembic",
    "sqlalchemy",
    "asyncio",
    "jsonschema",
    "yaml",
)

SHELL_FLAGS = {"--config", "--format", "--output", "--report", "--quiet", "--debug"}
"""Flags of one call, which are no setting of a project."""

OF_SEVERAL_KINDS = {
    "--deep",
    "--end-sessions",
    "--rows",
    "--schema",
    "--server-version",
    "--statement-timeout",
    "--target",
}
"""Flags that are about another thing in another command."""


def imports(file: Path) -> Iterator[str]:
    """The parts of migsafe that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom) and node.module == "migsafe":
            names = [f"migsafe.{alias.name}" for alias in node.names if not alias.name.startswith("_")]
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("migsafe."):
                yield name.split(".")[1]


def files_of(part: str) -> list[Path]:
    return sorted((PACKAGE / part).rglob("*.py")) or [PACKAGE / f"{part}.py"]


@pytest.mark.parametrize("part", [part for part in LAYERS if files_of(part)[0].exists()])
def test_imports_go_one_way(part: str) -> None:
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {name}"
        for file in files_of(part)
        for name in imports(file)
        if name != part and name not in LAYERS[part]
    ]
    assert wrong == []


def modules() -> dict[str, Path]:
    names = {file: ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in PACKAGE.rglob("*.py")}
    return {name.removesuffix(".__init__"): file for file, name in names.items()}


def imported_modules(file: Path, known: Collection[str]) -> Iterator[str]:
    """The modules that a file imports when it runs, wherever in it: not those that only types are taken from."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    left_out = {part for node in typing for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node not in left_out:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in known else node.module for name in names)


def test_no_modules_import_each_other_in_a_circle() -> None:
    files = modules()
    graph = {
        name: {each for each in imported_modules(file, files) if each in files} - {name} for name, file in files.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_nothing_but_the_command_line_imports_the_command_line() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if "cli" not in file.parts and file.name != "__main__.py"]
    assert [str(file) for file in files if "cli" in imports(file)] == []


@pytest.mark.parametrize("module", ["migsafe.cli", "migsafe.config", "migsafe.reports", "migsafe.cli.options"])
def test_nothing_heavy_is_loaded_before_it_is_needed(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}} & {set(HEAVY)}))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert shown.stdout.strip() == ""


def test_lint_loads_nothing_that_talks_to_a_server(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- migsafe: ignore data-lost it is empty\nCREATE INDEX a ON b (c);")
    code = "import sys; sys.argv = ['migsafe', 'lint', '-q', 'a.sql']\nfrom migsafe.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(*sorted({'psycopg', 'asyncio', 'migsafe.gate'} & {*sys.modules}))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (shown.stdout.splitlines()[-1], "index-not-concurrent" in shown.stdout) == ("", True)


def test_every_flag_of_check_can_be_set_in_the_file() -> None:
    command = import_module("migsafe.cli.check").command
    for option in command.params:
        assert isinstance(option, click.Option)
        if isinstance(option, SettingOption):
            assert option.setting in keys()
        else:
            assert SHELL_FLAGS & set(option.opts)


def test_an_option_says_the_same_of_itself_in_every_command() -> None:
    said: dict[str, set[tuple[str | None, ...]]] = {}
    for command in _commands():
        for option in command.params:
            if isinstance(option, click.Option) and option.opts[0] not in OF_SEVERAL_KINDS:
                said.setdefault(option.opts[0], set()).add((*option.opts, option.metavar, option.help))
    assert {name: each for name, each in said.items() if len(each) > 1} == {}
    assert [name for name, each in said.items() if not all(text for *_, text in each)] == []


def _commands() -> Iterator[click.Command]:
    for name in COMMANDS:
        module, _, attribute = COMMANDS[name][0].partition(":")
        command = getattr(import_module(module), attribute)
        yield from command.commands.values() if isinstance(command, click.Group) else (command,)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name: str) -> None:
    module, _, attribute = COMMANDS[name][0].partition(":")
    assert isinstance(getattr(import_module(module), attribute), click.Command)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_where_the_table_says(name: str) -> None:
    assert callable(import_module(FORMATS[name]).render)


def test_every_error_has_an_exit_code_that_is_not_safe() -> None:
    def leaves(kind: type[MigsafeError]) -> Iterator[type[MigsafeError]]:
        yield kind
        for below in kind.__subclasses__():
            yield from leaves(below)

    assert all(kind.exit_code > 1 for kind in leaves(MigsafeError))


def test_the_servers_that_the_settings_allow_are_those_there_are() -> None:
    from migsafe.postgres.servers.kinds import KINDS

    assert {*keys()["server.use"].setting.allowed} == {"auto", "URL", *KINDS}


def test_the_names_of_the_checks_are_those_of_the_checks() -> None:
    assert tuple(import_module("migsafe.gate").CHECKS) == import_module("migsafe.checks.names").NAMES
