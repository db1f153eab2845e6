"""The options of commands that read whole databases."""

from __future__ import annotations

import re

import click


def _timeout(_: click.Context, __: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"\d+ ?(us|ms|s|min|h|d)?", value):
        raise click.BadParameter("write a number and a unit, such as 30s or 10min")
    return value


def _renames(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    renames = dict(value.partition("=")[::2] for value in values)
    if not all(old and new for old, new in renames.items()):
        raise click.BadParameter("write OLD=NEW")
    return renames


workers_option = click.option(
    "--workers",
    type=click.IntRange(1, 32),
    metavar="NUMBER",
    default=2,
    show_default=True,
    help="How many tables are read at the same time, in one snapshot.",
)
statement_timeout_option = click.option(
    "--statement-timeout",
    metavar="TIME",
    default="0",
    callback=_timeout,
    help="Give up on a query after this time, such as 10min; its table is not checked then (default: never).",
)
tables_option = click.option("--tables", multiple=True, metavar="PATTERN", help="Only these tables and sequences.")
exclude_option = click.option("--exclude", multiple=True, metavar="PATTERN", help="Not these tables and sequences.")
rename_option = click.option(
    "--rename",
    "renames",
    multiple=True,
    metavar="OLD=NEW",
    callback=_renames,
    help="A table or column that has another name in NEW: schema.old_table=schema.new_table or "
    "schema.table.old_column=new_column.",
)
