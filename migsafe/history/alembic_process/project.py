"""One Alembic command in the user's project, kept to the sandbox."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator  # noqa: UP035 - Python 3.8

from .errors import ConnectsElsewhere

if TYPE_CHECKING:
    from .errors import Answer


class Project:
    """One Alembic command, with what env.py is seen doing."""

    def __init__(self, request: Answer) -> None:
        from alembic.config import CommandLine, Config
        from alembic.script import ScriptDirectory

        extra = [word for name, value in request["x"].items() for word in ("-x", f"{name}={value}")]
        command = "downgrade" if request["command"] == "downgrade" else "upgrade"
        arguments = ["-c", request["config"], *extra, command, request["revision"]]
        sys.argv = ["alembic", *arguments]
        options = CommandLine(prog="alembic").parser.parse_args(arguments)
        toml = {"toml_file": request["toml"]} if request["toml"] else {}  # since Alembic 1.16
        self.config = Config(file_=request["config"], ini_section=options.name, cmd_opts=options, **toml)
        for name, value in request["options"].items():
            self.config.set_main_option(name, value.replace("%", "%%"))
        os.environ.update(request["environment"])
        # As `python -m alembic` would find the project's modules, but after what the project says itself.
        sys.path += [str(Path.cwd()), str(Path(request["config"]).parent)]
        stay_in_the_sandbox(request["host"], request["port"])
        self.request = request
        self.script = ScriptDirectory.from_config(self.config)
        self.configured: Answer = {}
        self.began = False
        self.revision: Any = None
        self.emit: Any = None
        self.places: list[list[Any]] = []

    def run_environment(self, steps: Callable[[Any, Any], Any], *, offline: bool = False) -> None:
        """Run env.py as Alembic's own commands do, noting what it configures."""
        from alembic.runtime.environment import EnvironmentContext

        environment = EnvironmentContext(
            self.config, self.script, fn=steps, as_sql=offline, destination_rev=self.request["revision"]
        )
        configure = environment.configure

        def observed(*positional: Any, **keywords: Any) -> None:
            self.configured.update(keywords)
            configure(*positional, **keywords)
            if self.emit:
                write_to(environment.get_context().impl, self.emit)

        environment.configure = observed  # type: ignore[method-assign]
        with environment:
            self.script.run_env()

    def steps(self, revisions: Any, _context: Any) -> Iterator[Any]:
        """The steps of an upgrade or a downgrade, one by one, so that the one at work is known."""
        self.began = True
        plan = self.script._downgrade_revs if self.request["command"] == "downgrade" else self.script._upgrade_revs
        for step in plan(self.request["revision"], revisions):
            self.revision = step.revision
            yield step

    @property
    def version_table(self) -> list[str | None]:
        """Schema and name."""
        return [self.configured.get("version_table_schema"), self.configured.get("version_table") or "alembic_version"]

    @property
    def locations(self) -> list[str]:
        """The directories of revisions, as they stand after env.py has run."""
        return [os.path.realpath(location) for location in self.script._version_locations]


def stay_in_the_sandbox(host: str, port: int) -> None:
    """Let SQLAlchemy connect to this host and port only.

    An env.py that takes its URL from elsewhere (the environment, a secret store) would otherwise migrate whatever that
    names. An engine with a ``creator`` of its own is asked where it got to, before it has run anything.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.pool import Pool

    def check(seen_host: Any, seen_port: Any, seen: str) -> None:
        if (str(seen_host), str(seen_port or 5432)) != (host, str(port)):
            raise ConnectsElsewhere(f"env.py would connect to {seen} and not to the sandbox")

    @event.listens_for(Engine, "do_connect")
    def before_connecting(dialect: Any, record: Any, _arguments: Any, keywords: Any) -> None:
        place = f"{keywords.get('host')}:{keywords.get('port') or 5432}"
        check(keywords.get("host"), keywords.get("port"), place if dialect.name == "postgresql" else dialect.name)
        if record is not None:
            record.info["in_the_sandbox"] = True

    @event.listens_for(Pool, "connect")
    def connected(connection: Any, record: Any) -> None:
        if not record.info.get("in_the_sandbox"):
            where = getattr(connection, "info", None)
            seen_host, seen_port = getattr(where, "host", None), getattr(where, "port", None)
            check(
                seen_host, seen_port, f"{seen_host}:{seen_port}" if where else "an unknown place, by its own creator,"
            )


def write_to(implementation: Any, emit: Any) -> None:
    """Have Alembic hand over what it renders, with values in the place of parameters."""
    implementation.static_output = emit
    implementation.literal_binds = True
