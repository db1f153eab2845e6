"""Settings: one tree of plain values from ``migsafe.toml`` or ``[tool.migsafe]``, then environment, then flags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated

from migsafe import settings_file
from migsafe.checks.names import NAMES
from migsafe.errors import SettingsError
from migsafe.history.model import HistorySettings
from migsafe.postgres.server import ServerSettings
from migsafe.setting import Key, Setting, any_of, keys_of, nearest
from migsafe.settings_file import SettingsFile


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """What the experiments start from. At most one of ``dump``, ``url_variable`` and ``sql`` is given.

    With none of them the history is replayed from nothing.
    """

    dump: Annotated[Path | None, Setting("A pg_dump to start from: a directory, custom or plain.")] = None
    url_variable: Annotated[
        str | None, Setting("The environment variable that holds the URL of a database to start from; it is only read.")
    ] = None
    sql: Annotated[tuple[Path, ...], Setting("SQL files to run on the empty database first.")] = ()
    rows: Annotated[
        tuple[Path, ...], Setting("SQL files with rows, loaded when the history stands at rows_revision.")
    ] = ()
    rows_revision: Annotated[str | None, Setting("The revision at which rows are loaded (default: the base).")] = None
    revision: Annotated[
        str | None,
        Setting("The base: what comes after it is new (default: what the baseline's own version table says)."),
    ] = None
    since: Annotated[str | None, Setting("A git ref: what is not in it is new.")] = None


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """Which checks run and how strict they are."""

    only: Annotated[
        tuple[str, ...],
        Setting(f"The checks to run (default: all there are): lint, {', '.join(NAMES)}, order, fresh, contract."),
    ] = ()
    idempotency: Annotated[
        str,
        Setting(
            "Whether a migration that runs in one transaction may refuse to run twice (no-surprises), or none may.",
            allowed=("no-surprises", "required"),
        ),
    ] = "no-surprises"
    compatibility: Annotated[
        str,
        Setting(
            "What becomes of a change that breaks the application of the release before: a warning, or a failure.",
            allowed=("warn", "fail"),
        ),
    ] = "warn"
    rollback: Annotated[
        str,
        Setting(
            "Whether a migration may have no way back (optional), or that is a failure (required).",
            allowed=("optional", "required"),
        ),
    ] = "optional"
    statement_timeout: Annotated[
        int, Setting("Seconds that each run of the migration tool may take (0: no bound).")
    ] = 600
    crash_points: Annotated[
        int,
        Setting("At how many points a migration is cut off at most, spread evenly over all there are (0: no bound)."),
    ] = 100
    lock_rows: Annotated[
        int,
        Setting(
            "The rows that a locked table is multiplied to at least, before the migration is run on four times as many "
            "(0: it is run at one size only)."
        ),
    ] = 5_000
    lock_budget: Annotated[
        int, Setting("Milliseconds that a statement may keep others from a table without a warning.")
    ] = 1_000
    data_fails: Annotated[
        tuple[str, ...],
        Setting("What may become of no value or row; besides the default there are changed and appeared."),
    ] = ("lost", "nulled", "truncated", "rounded", "shifted", "disappeared")
    moved: Annotated[
        Mapping[str, str],
        Setting('Where a table or column went that is gone: { "public.orders.total" = "public.order_totals.amount" }.'),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    """Where snapshots are kept and how they are made."""

    directory: Annotated[Path | None, Setting("Where snapshots are kept (default: .migsafe/snapshots).")] = None
    jobs: Annotated[int, Setting("How many tables are dumped or restored at once.", least=1)] = 2

    def directory_in(self, root: Path) -> Path:
        """The directory; ``root`` is where the settings file is."""
        return self.directory or root / ".migsafe" / "snapshots"


@dataclass(frozen=True, slots=True)
class ApplySettings:
    """How the pending migrations are applied to a database that matters."""

    lock_timeout: Annotated[int, Setting("Seconds that a migration waits for a lock on the target (0: no bound).")] = 5
    statement_timeout: Annotated[int, Setting("Seconds that a statement may take on the target (0: no bound).")] = 3600


@dataclass(frozen=True, slots=True)
class RehearseSettings:
    """The database that the pending migrations are rehearsed for, and how much of it is brought over."""

    target: Annotated[
        str | None,
        Setting(
            "The database, which is only read: a URL, or env:NAME for the variable that holds it. The password may "
            "come from PGPASSWORD."
        ),
    ] = None
    rows: Annotated[
        str, Setting("Which rows are brought over: all, none, or a share with all that it refers to, such as 5%.")
    ] = "all"
    mask: Annotated[
        Mapping[str, str],
        Setting("What stands for a column, by schema.table.column: hash, null or an SQL expression."),
    ] = field(default_factory=dict)
    statement_timeout: Annotated[int, Setting("Seconds that one query on the target may take (0: no bound).")] = 600
    lock_timeout: Annotated[int, Setting("Seconds to wait for a lock on the target; no lock stops a write.")] = 2


@dataclass(frozen=True, slots=True)
class LintSettings:
    """Which rules are asked about the text of migrations, and what they are told."""

    enable: Annotated[tuple[str, ...], Setting("Rules that are off by default and shall be asked.")] = ()
    disable: Annotated[tuple[str, ...], Setting("Rules that shall not be asked.")] = ()
    server_version: Annotated[
        int | None,
        Setting("The major version that the migrations are for (default: that of [server], else the oldest, 14)."),
    ] = None
    schema: Annotated[
        Path | None,
        Setting("An SQL dump of the schema that the first migration finds (default: nothing is there)."),
    ] = None
    not_analysed: Annotated[
        str,
        Setting(
            "Whether a file with something that can't be analysed fails, or it is only listed.", ("listed", "fail")
        ),
    ] = "listed"
    gate: Annotated[
        str,
        Setting(
            "What becomes of a rule's error in migsafe check: a warning, since the sandbox has the last word, or a "
            "failure.",
            allowed=("warn", "fail"),
        ),
    ] = "warn"
    baseline: Annotated[
        Path | None,
        Setting("The file of known findings that are passed over; migsafe lint --write-baseline writes it."),
    ] = None
    cache: Annotated[
        Path | None,
        Setting("A directory for what earlier migrations come to, which spares a long history to be followed anew."),
    ] = None


@dataclass(frozen=True, slots=True)
class ContractSettings:
    """The API in front of the database."""

    document: Annotated[Path | None, Setting("The OpenAPI document whose fields must keep their columns.")] = None
    map: Annotated[
        Mapping[str, str],
        Setting('The column of a field, where names don\'t tell: { "Customer.email" = "public.customers.mail" }.'),
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the user can say. ``file`` is where it was read from (none: nothing was found, all defaults)."""

    root: Path
    file: Path | None = None
    history: HistorySettings = field(default_factory=lambda: HistorySettings(root=Path()))
    server: ServerSettings = field(default_factory=ServerSettings)
    baseline: BaselineSettings = field(default_factory=BaselineSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
    snapshots: SnapshotSettings = field(default_factory=SnapshotSettings)
    apply: ApplySettings = field(default_factory=ApplySettings)
    rehearse: RehearseSettings = field(default_factory=RehearseSettings)
    contract: ContractSettings = field(default_factory=ContractSettings)
    lint: LintSettings = field(default_factory=LintSettings)


TABLES: Mapping[str, type] = {
    "history": HistorySettings,
    "server": ServerSettings,
    "baseline": BaselineSettings,
    "checks": CheckSettings,
    "snapshots": SnapshotSettings,
    "apply": ApplySettings,
    "rehearse": RehearseSettings,
    "contract": ContractSettings,
    "lint": LintSettings,
}


@cache
def keys() -> Mapping[str, Key]:
    """Every key there is, by ``table.name``."""
    return {f"{table}.{name}": key for table, kind in TABLES.items() for name, key in keys_of(table, kind).items()}


def load(root: Path, file: Path | None, environment: Mapping[str, str]) -> Settings:
    """The settings of ``file``, or of the nearest one from ``root`` upwards, overridden by the environment.

    Paths are absolute afterwards: those in the file are relative to it, those in the environment to ``root``. Raises
    :class:`SettingsError` with the place, and the nearest name where there is one.
    """
    source = settings_file.read(file) if file else settings_file.find(root)
    home = source.path.parent if source else root.absolute()
    said = dict(_said_in_file(source)) if source else {}
    said |= _said_in_environment(environment, root.absolute())
    settings = Settings(home, source.path if source else None, history=HistorySettings(root=home))
    return with_overrides(settings, said)


def with_overrides(settings: Settings, values: Mapping[str, object]) -> Settings:
    """The settings with other values, by ``table.name``; the values are of the types that the settings hold."""
    for table in TABLES:
        changed = {key.name: values[name] for name, key in keys().items() if key.table == table and name in values}
        settings = replace(settings, **{table: replace(getattr(settings, table), **changed)})
    given = [name for name in ("dump", "url_variable", "sql") if getattr(settings.baseline, name)]
    if len(given) > 1:
        raise SettingsError(
            f"the baseline can't be both {' and '.join(given)}",
            where=str(settings.file) if settings.file else None,
            hint=f"Give one of {any_of(given)}; SQL files with rows for a replayed history are `rows`.",
        )
    return settings


def _said_in_file(source: SettingsFile) -> Iterator[tuple[str, object]]:
    for table, content in source.content.items():
        if table not in TABLES:
            raise _unknown(table, "", source.place(table))
        if not isinstance(content, dict):
            raise SettingsError(f"{table} must be a table, written [{table}]", where=source.place(table))
        for written, value in content.items():
            key = keys().get(f"{table}.{written.replace('-', '_')}")
            if key is None:
                raise _unknown(written, table, source.place(table, written))
            try:
                yield f"{table}.{key.name}", key.read(value, source.path.parent)
            except ValueError as error:
                hint = f"Write {key.name} = {key.example}."
                raise SettingsError(str(error), where=source.place(table, written), hint=hint) from None


def _said_in_environment(environment: Mapping[str, str], directory: Path) -> Iterator[tuple[str, object]]:
    variables = {key.variable: name for name, key in keys().items()}
    ours = tuple(f"MIGSAFE_{table}_".upper() for table in TABLES)
    for variable, text in sorted(environment.items()):
        if not text or not variable.startswith(ours):
            continue
        if variable not in variables:
            raise SettingsError(
                f"no setting has this name{nearest(variable, variables)}",
                where=variable,
                hint=f"Environment variables that begin with {any_of(ours)} are settings; name others differently.",
            )
        try:
            yield variables[variable], keys()[variables[variable]].read_text(text, directory)
        except ValueError as error:
            raise SettingsError(str(error), where=variable) from None


def _unknown(name: str, table: str, where: str) -> SettingsError:
    """The error for a name that means nothing in the table (empty: outside of all), with the nearest name that does."""
    here = list(keys_of(table, TABLES[table])) if table else list(TABLES)
    elsewhere = [key.table for key in keys().values() if key.name == name.replace("-", "_")]
    near = nearest(name, here) or (f"; {name} belongs under [{elsewhere[0]}]" if elsewhere else "")
    kind = f"key of [{table}]" if table else "table"
    return SettingsError(f'there is no {kind} "{name}"{near}', where=where, hint=f"There is {', '.join(here)}.")
