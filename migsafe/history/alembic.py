"""Alembic: the project's own ``env.py``, run by the project's own interpreter."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.errors import ClientToolMissing, HistoryError, SettingsError
from migsafe.findings import Finding, Location
from migsafe.history.alembic_config import config_file, has_alembic_table, option, working_directory
from migsafe.history.alembic_interpreter import Answer, Interpreter, find_interpreter
from migsafe.history.alembic_revisions import Revision, check_order, problems_of, way_back
from migsafe.history.environment import scrub, url_variables
from migsafe.history.model import Failure, HistorySettings, Migration, Place, Run
from migsafe.postgres.address import Address
from migsafe.postgres.names import TableName, parse_table_name
from migsafe.sql.position import excerpt

if TYPE_CHECKING:
    import psycopg

    from migsafe.history.text import MigrationText

NOWHERE = Address("127.0.0.1", 1, "migsafe", "migsafe")
"""Where env.py is told the database is while it is only read."""

WITHOUT_TLS = ("asyncpg", "pg8000")
"""Drivers that don't know libpq's ``sslmode``."""


class AlembicHistory:
    """The revisions that the project's ``alembic.ini`` and ``env.py`` lead to.

    Branches, several heads, ``depends_on``, transactions and ``autocommit_block`` are as ``env.py`` and the project's
    own Alembic do them. ``env.py`` is handed the address of the sandbox, and can connect to nothing else.
    """

    kind = "alembic"
    stepwise = True

    def __init__(self, settings: HistorySettings) -> None:
        """Raises HistoryError without a configuration, ClientToolMissing without an interpreter that has Alembic."""
        self._settings = settings
        self._timeout = settings.timeout
        config = config_file(settings)
        if config is None:
            raise HistoryError(
                f"no alembic.ini in {settings.root}", hint='Say where it is: [history] config = "path/to/alembic.ini".'
            )
        if not config.is_file():
            raise HistoryError(
                "there is no such file", where=str(config), hint=f"[history] config names it, from {settings.root}."
            )
        self._config = config
        directory = working_directory(config, settings.root)
        self._interpreter = Interpreter(find_interpreter(settings.python, (settings.root, config.parent)), directory)

    @staticmethod
    def fits(settings: HistorySettings) -> bool:
        """There is an alembic.ini, or a ``[tool.alembic]`` in pyproject.toml."""
        return config_file(settings) is not None

    @property
    def migrations(self) -> Sequence[Migration]:
        """In the order of ``alembic upgrade heads``. Raises :class:`migsafe.errors.HistoryError`."""
        return self._migrations

    @property
    def version_tables(self) -> tuple[TableName, ...]:
        if self._settings.version_table:
            return (parse_table_name(self._settings.version_table),)
        schema, name = self._description["version_table"]
        return (TableName(name, schema),)

    def problems(self) -> tuple[Finding, ...]:
        locations = [Path(location) for location in self._description["locations"]]
        return tuple(problems_of(self._revisions, locations))

    def texts(self, migrations: Sequence[Migration], server: int) -> Iterator[MigrationText]:
        """What ``alembic upgrade --sql`` writes, each statement with its line in the revision's Python.

        A revision that looks into a database (``op.get_bind().execute(select)``, an inspector) is not analysed from
        there on.
        """
        from migsafe.history.alembic_sql import texts_of

        answer = self._interpreter.ask(self._request("render", "heads", NOWHERE), timeout=self._timeout)
        if "pieces" not in answer:
            raise (
                self._broken(answer["error"])
                if answer.get("error")
                else HistoryError(f"rendering the history {_ending(answer, self._timeout)}", where=str(self._config))
            )
        yield from texts_of(migrations, answer["pieces"])

    def applied(self, connection: psycopg.Connection) -> frozenset[str]:
        """What the version table names, and everything that comes before it."""
        from psycopg import sql

        (table,) = self.version_tables
        identifier = sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name)
        with connection.transaction():
            found = connection.execute("SELECT to_regclass(%s)", [identifier.as_string(connection)]).fetchone()
            if found is None or found[0] is None:
                return frozenset()
            rows = connection.execute(sql.SQL("SELECT version_num FROM {}").format(identifier)).fetchall()
        parents = {migration.version: migration.parents for migration in self.migrations}
        applied: set[str] = set()
        todo: list[str] = [row[0] for row in rows]
        while todo:
            version = todo.pop()
            if version not in applied:
                applied.add(version)
                todo += parents.get(version, ())
        return frozenset(applied)

    def stamp(self, version: str | None) -> str:
        return f"alembic stamp {version or 'base'}"

    def upgrade(self, address: Address, target: Migration | None) -> Run:
        return self._run("upgrade", target.version if target else "heads", address)

    def goes_back(self, target: Migration | None) -> bool:
        return (target or self.migrations[-1]).down is not None

    def downgrade(self, address: Address, target: Migration | None) -> Run:
        """``alembic downgrade TARGET@PARENT``: without the label, Alembic would take back other branches as well."""
        target = target or self.migrations[-1]
        parents = next((each.parents for each in self._revisions if each.version == target.version), ())
        return self._run("downgrade", f"{target.version}@{parents[0] if parents else 'base'}", address)

    @cached_property
    def _description(self) -> Answer:
        answer = self._interpreter.ask(self._request("describe", "heads", NOWHERE), timeout=self._timeout)
        if error := answer.get("error"):
            raise self._broken(error)
        if "revisions" not in answer:
            raise HistoryError(
                f"reading the history {_ending(answer, self._timeout)}",
                where=str(self._config),
                hint="Something in env.py or in a revision ends or blocks Python: `alembic history` shows it.",
            )
        return answer

    @cached_property
    def _revisions(self) -> tuple[Revision, ...]:
        return tuple(
            Revision(
                version=each["version"],
                description=each["description"],
                file=Path(each["file"]),
                parents=tuple(each["parents"]),
                depends_on=tuple(each["depends_on"]),
                labelled=each["labelled"],
            )
            for each in self._description["revisions"]
        )

    @cached_property
    def _migrations(self) -> tuple[Migration, ...]:
        if "order" not in self._description:
            check_order(self._revisions)
            raise self._broken(self._description["disorder"])
        by_version = {revision.version: revision for revision in self._revisions}
        ordered = (by_version[version] for version in self._description["order"])
        return tuple(
            Migration(
                version=revision.version,
                description=revision.description,
                up=revision.file,
                down=revision.file if way_back(revision.file).exists else None,
                parents=tuple(self._description["parents"][revision.version]),
            )
            for revision in ordered
        )

    def _run(self, command: str, revision: str, address: Address) -> Run:
        started = time.monotonic()
        answer = self._interpreter.ask(self._request(command, revision, address), timeout=self._timeout)
        seconds = time.monotonic() - started
        output = scrub(answer["output"], address)
        if "began" not in answer:
            failure = Failure(f"alembic {command} {revision} {_ending(answer, self._timeout)}")
            return Run(seconds, output, failure)
        if "version_table" in answer:
            self._description["version_table"] = answer["version_table"]
        error = answer.get("error")
        places = _places(answer)
        if error is None and answer["began"]:
            return Run(seconds, output, None, places)
        if error is None:
            raise HistoryError(
                "env.py ended without running any migrations",
                where=self._description["environment"],
                hint="It must call context.run_migrations() when it is not in offline mode.",
            )
        if not answer["began"] and not error["server"] and not error["of_connection"]:
            raise self._broken(error, address)
        return Run(seconds, output, self._failure(error, address), places)

    def _request(self, command: str, revision: str, address: Address) -> Answer:
        """Everything the process must know, the URL in the way that ``url_by`` says."""
        way, _, name = (self._settings.url_by or "sqlalchemy.url").strip().partition(" ")
        if way.startswith("-") != (way == "-x") or (way in ("-x", "env")) != bool(name):
            raise SettingsError(
                f"[history] url_by = {self._settings.url_by!r} is no way to hand over a URL",
                hint='Write "sqlalchemy.url" (or another option of alembic.ini), "-x NAME" or "env NAME".',
            )
        url = self._url(address)
        project = self._settings.root.absolute() / "pyproject.toml"
        return {
            "command": command,
            "revision": revision,
            "config": str(self._config if self._config.suffix == ".ini" else self._config.with_name("alembic.ini")),
            "toml": str(project) if has_alembic_table(project) else None,
            "options": {"sqlalchemy.url": url} | ({} if way in ("-x", "env") else {way: url}),
            "x": {name: url} if way == "-x" else {},
            "environment": url_variables(name if way == "env" else "", address, url),
            "host": address.host,
            "port": address.port,
        }

    def _url(self, address: Address) -> str:
        scheme = self._scheme
        if scheme.endswith(WITHOUT_TLS):
            kept = {name: value for name, value in address.parameters.items() if name != "sslmode"}
            address = replace(address, parameters=kept)
        return address.url(scheme)

    @cached_property
    def _scheme(self) -> str:
        """The scheme of the URL: what the settings say, else what the project's own URL has, else what can be used."""
        if driver := self._settings.driver:
            return driver if driver.startswith("postgres") else f"postgresql+{driver}"
        written = option(self._config, "sqlalchemy.url").partition("://")[0]
        if written.startswith("postgres"):
            return written
        self._interpreter.start()
        if not self._interpreter.drivers:
            raise ClientToolMissing(
                f"{self._interpreter.python} has no PostgreSQL driver",
                hint="Install psycopg into it, or name the project's interpreter: [history] python.",
            )
        return f"postgresql+{self._interpreter.drivers[0]}"

    def _broken(self, error: Answer, address: Address = NOWHERE) -> HistoryError:
        """The error of a project that can't even begin."""
        message = scrub(_own_words(error), address)
        if error["elsewhere"]:
            message = error["message"]
            hint = (
                'Say how env.py gets its URL: [history] url_by = "env NAME" for an environment variable, '
                '"-x NAME" for alembic -x, or the name of an option in alembic.ini.'
            )
        elif error["type"] in ("ImportError", "ModuleNotFoundError"):
            hint = f"{self._interpreter.python} was asked; name the one that has it: [history] python."
        elif error["type"] in ("SyntaxError", "IndentationError", "TabError"):
            hint = f"{self._interpreter.python} can't read this file: correct it, or name another: [history] python."
        elif error["in_revision"] or error["type"] in ("LoopDetected", "CycleDetected"):
            hint = "Plain `alembic history` must work in the project first."
        else:
            hint = (
                'If env.py takes its URL from the environment, set [history] url_by = "env NAME". If plain `alembic` '
                'can\'t run it, set [history] kind = "command" and runner to what can ("flask db upgrade").'
            )
        where = f"{self._shown(error['file'])}:{error['line']}" if error["file"] else str(self._shown(self._config))
        return HistoryError(message, where=where, hint=hint)

    def _failure(self, error: Answer, address: Address) -> Failure:
        server = error["server"] or {}
        file, line = (error["file"], error["line"]) if error["in_revision"] else (error["revision_file"], None)
        return Failure(
            message=scrub(server.get("message") or _own_words(error), address),
            sqlstate=server.get("sqlstate"),
            detail=server.get("detail"),
            hint_of_server=server.get("hint"),
            context=server.get("context"),
            statement=scrub(error["statement"], address) if error["statement"] else None,
            location=Location(Path(file), line) if file else Location(),
            excerpt=_excerpt(error),
        )

    def _shown(self, file: str | Path) -> Path:
        """A path as the user would write it."""
        path, root = Path(file), self._settings.root.absolute()
        return path.relative_to(root) if path.is_relative_to(root) else path


def _places(answer: Answer) -> tuple[Place, ...]:
    """Where in the revisions the statements come from; one that failed has no end, and lasts until the run's."""
    return tuple(
        Place(started, math.inf if ended is None else ended, (Location(Path(file), line),))
        for started, ended, file, line in answer.get("places", ())
    )


def _ending(answer: Answer, timeout: float) -> str:
    if answer.get("timed_out"):
        return f"took longer than {timeout:g} s and was ended"
    code = int(answer["died"])
    return f"ended without an answer: {f'killed by signal {-code}' if code < 0 else f'exit code {code}'}"


def _own_words(error: Answer) -> str:
    """What Python says, without what SQLAlchemy adds: the statement, and where to read about the error."""
    message = error["message"].partition("\n[SQL:")[0].partition(" (Background on this error")[0]
    return f"{error['type']}: {message}".strip()


def _excerpt(error: Answer) -> str | None:
    """The line of the statement that the server points at, if the server saw the statement as it was written."""
    position = (error["server"] or {}).get("position")
    if not position or not error["statement"] or error["parameters"]:
        return None
    return excerpt(error["statement"], int(position) - 1)
