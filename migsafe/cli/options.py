"""The options that commands share, as decorators.

A command that is decorated with both looks like this::

    @click.command()
    @with_settings({"--server": "server.use", "--since": "baseline.since"})
    @with_output
    def command(settings: Settings, progress: Progress, output: Output) -> int:
        return output.write(check(settings, progress))
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from migsafe.cli.guard import DEBUG
from migsafe.cli.output import Output
from migsafe.cli.progress import Progress
from migsafe.config import keys, load, with_overrides
from migsafe.reports import FORMATS
from migsafe.setting import Key

Function = Callable[..., Any]

BASELINE_FLAGS = {
    "--since": "baseline.since",
    "--revision": "baseline.revision",
    "--dump": "baseline.dump",
    "--rows": "baseline.rows",
}
HISTORY_FLAGS = {"--history": "history.kind", "--path": "history.path", "--runner": "history.runner"}
EXPERIMENT_FLAGS = {"--server": "server.use", "--server-version": "server.version", **HISTORY_FLAGS}
CHECK_FLAGS = {"--check": "checks.only", "--idempotency": "checks.idempotency"}

SAID = "migsafe.settings"
"""The key in click's ``Context.meta`` under which the settings that flags gave are kept, by ``table.key``."""


class SettingOption(click.Option):
    """A flag that overrides a settings key (``setting``: ``table.key``), with the key's own description and type."""

    def __init__(self, param_decls: Sequence[str], *, setting: str, **attributes: Any) -> None:
        self.setting = setting
        key = keys()[setting]
        super().__init__(
            [*param_decls, setting.replace(".", "_")],
            metavar=key.word,
            multiple=isinstance(key.default, tuple),
            help=help_of(key),
            expose_value=False,
            callback=self.keep,
            **attributes,
        )

    def keep(self, context: click.Context, _: click.Parameter, given: str | tuple[str, ...] | None) -> None:
        """Note the value for :func:`with_settings`; a flag that wasn't given says nothing."""
        if not given:
            return
        text = given if isinstance(given, str) else ",".join(given)
        try:
            value = keys()[self.setting].read_text(text, Path.cwd())
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        context.meta.setdefault(SAID, {})[self.setting] = value


def help_of(key: Key) -> str:
    """The key's description, with what holds where nothing is said."""
    description = key.setting.description
    is_told = "default" in description or isinstance(key.default, tuple) or not key.default
    return description if is_told else f"{description}  [default: {key.default}]"


def with_settings(flags: Mapping[str, str]) -> Callable[[Function], Function]:
    """Give the command ``settings`` (file, environment, then these flags: settings keys by flag) and ``progress``."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def command(*, config: Path | None, quiet: bool, **rest: Any) -> Any:
            settings = load(Path.cwd(), config, os.environ)
            settings = with_overrides(settings, click.get_current_context().meta.get(SAID, {}))
            with Progress(quiet=quiet) as progress:
                return function(settings=settings, progress=progress, **rest)

        command = config_option(quiet_option(debug_option(command)))
        for flag, setting in reversed(list(flags.items())):
            command = click.option(flag, cls=SettingOption, setting=setting)(command)
        return command

    return decorate


def with_output(function: Function, *, default: str = "terminal") -> Function:
    """Give the command ``output``, which writes a report in the format and to the place that the user wants.

    ``default`` is the format where the user says none.
    """

    @wraps(function)
    def command(
        *, report_format: str, output_file: Path | None, reports: tuple[tuple[str, Path], ...], **rest: Any
    ) -> Any:
        return function(output=Output(report_format, output_file, reports), **rest)

    return format_option(FORMATS, default)(output_option(report_option(command)))


def _debug(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's signature
    context.meta[DEBUG] = value


def _reports(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    """The format and the file of each ``FORMAT=FILE``."""
    reports = [(form, file) for form, _, file in (value.partition("=") for value in values)]
    for form, file in reports:
        if form not in FORMATS or not file:
            raise click.BadParameter(f"write FORMAT=FILE; the formats are {', '.join(FORMATS)}")
        if Path(file).is_dir():
            raise click.BadParameter(f"{file} is a directory")
        writable(context, parameter, Path(file))
    return tuple((form, Path(file)) for form, file in reports)


def writable(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a file that can't be written before the work is done, not after."""
    if value and not value.exists() and not os.access(value.parent, os.W_OK):
        raise click.BadParameter(f"the directory {value.parent} isn't there or can't be written to")
    return value


def format_option(formats: Iterable[str], default: str = "terminal") -> Callable[[Function], Function]:
    """The flag for the format of the report, one of these."""
    return click.option(
        "--format",
        "report_format",
        type=click.Choice(list(formats)),
        default=default,
        show_default=True,
        help="How the report is written.",
    )


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings file (default: the nearest migsafe.toml or pyproject.toml).",
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Say nothing of the progress.")
debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_debug,
    help="Show the traceback of a defect in migsafe.",
)
output_option = click.option(
    "--output",
    "-o",
    "output_file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    callback=writable,
    help="Write it to this file instead of standard output.",
)
report_option = click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    callback=_reports,
    help="Write the report to this file too, such as sarif=migsafe.sarif; may be given several times.",
)
