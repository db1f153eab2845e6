"""Where a database is, as a value that can be handed to a driver, a tool or a subprocess without leaking a password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from migsafe.errors import UsageError


@dataclass(frozen=True, slots=True)
class Address:
    """A database on a PostgreSQL server.

    ``host`` is a name, a number or the directory of a Unix socket. ``parameters`` are libpq connection parameters
    (``sslmode``, ``options`` …). The password is left out of ``repr`` and ``str``.
    """

    host: str
    port: int
    user: str
    database: str
    password: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict)

    def on(self, database: str) -> Address:
        """The same server and user, another database."""
        return replace(self, database=database)

    def url(self, scheme: str = "postgresql") -> str:
        """A connection URL **with the password**: for an environment variable or a driver, never for output."""
        password = f":{quote(self.password, safe='')}" if self.password else ""
        host = quote(self.host, safe="") if self.host.startswith("/") else self.host
        host = f"[{host}]" if ":" in host else host
        query = f"?{urlencode(self.parameters)}" if self.parameters else ""
        user = quote(self.user, safe="")
        return f"{scheme}://{user}{password}@{host}:{self.port}/{quote(self.database, safe='')}{query}"

    def environment(self) -> dict[str, str]:
        """libpq's environment variables, for pg_dump and its kin, so that no secret stands in an argument."""
        variables = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": self.database,
        }
        if self.password:
            variables["PGPASSWORD"] = self.password
        for parameter, value in self.parameters.items():
            variables[_LIBPQ_VARIABLES.get(parameter, f"PG{parameter.upper()}")] = value
        return variables

    def keywords(self) -> dict[str, str | int]:
        """Keyword arguments for ``psycopg.connect``."""
        words: dict[str, str | int] = {"host": self.host, "port": self.port, "user": self.user, "dbname": self.database}
        if self.password:
            words["password"] = self.password
        return {**words, **self.parameters}

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"


_LIBPQ_VARIABLES = {
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "client_encoding": "PGCLIENTENCODING",
}


def parse_url(url: str) -> Address:
    """Read ``postgresql://user:password@host:port/database?parameters``; a driver suffix (``+psycopg``) is dropped.

    Raises :class:`UsageError` when it isn't such a URL; the message never repeats the text, which may hold a password.
    """
    hint = "Write postgresql://USER@HOST:PORT/DATABASE, with the password in PGPASSWORD or in the URL."
    try:
        parts = urlsplit(url)
        parameters = dict(parse_qsl(parts.query))
        port = parts.port or int(parameters.pop("port", 5432))
    except ValueError as error:
        raise UsageError("this is not a connection URL: its port is not a number", hint=hint) from error
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise UsageError(f"this is not a PostgreSQL connection URL (its scheme is {parts.scheme!r})", hint=hint)
    host = unquote(parts.hostname or "") or parameters.pop("host", "localhost")
    user = unquote(parts.username or "") or parameters.pop("user", "postgres")
    password = unquote(parts.password) if parts.password else parameters.pop("password", None)
    database = unquote(parts.path.lstrip("/")) or parameters.pop("dbname", user)
    return Address(host, port, user, database, password, parameters)


def address_of(text: str) -> Address:
    """The address in a URL, or in the environment variable NAME for ``env:NAME``.

    The password may come from ``PGPASSWORD``, or from a password file (manual, 34.16). Raises as :func:`parse_url`.
    """
    if text.startswith("env:"):
        variable = text.removeprefix("env:")
        text = os.environ.get(variable, "")
        if not text:
            raise UsageError(f"the environment variable {variable} isn't set", hint="Set it to a connection URL.")
    address = parse_url(text)
    return replace(address, password=address.password or os.environ.get("PGPASSWORD"))
