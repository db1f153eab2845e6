"""An empty database on the throwaway server that is like the target's: locale, settings, roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors

from migsafe.errors import CannotCheck
from migsafe.postgres import databases
from migsafe.postgres.properties import create_empty
from migsafe.postgres.roles import create_roles

if TYPE_CHECKING:
    from migsafe.postgres.properties import Properties
    from migsafe.postgres.server import Server
    from migsafe.rehearsal.profile import Profile

_NO_SUCH_LOCALE = (
    errors.WrongObjectType,
    errors.InvalidParameterValue,
    errors.FeatureNotSupported,
    errors.UndefinedObject,
)
"""What CREATE DATABASE says of a locale that the operating system or the build doesn't have."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The empty database. ``missing`` extensions are those that the throwaway server doesn't have.

    ``roles_there`` is false where roles could not be made, so that nothing can be owned by or granted to them.
    ``unlike`` says what is not as on the target.
    """

    database: str
    missing: tuple[str, ...]
    roles_there: bool
    unlike: Mapping[str, str]


def check_version(server: Server, profile: Profile, wanted: int | None) -> None:
    """Raise :class:`CannotCheck` if the server is of another major version than the target, and nobody said it may be.

    A server older than the target can't take its dump, whoever says so.
    """
    if server.major == profile.major or (server.major == wanted and server.major > profile.major):
        return
    older = " An older one can't take the target's schema." if server.major < profile.major else ""
    raise CannotCheck(
        f"the target is PostgreSQL {profile.major}, the throwaway server is {server.major}.{older}",
        hint=f"Install PostgreSQL {profile.major} (Debian: apt-get install postgresql-{profile.major}), name an image "
        f"of it ([server] image), or rehearse on a newer one that --server-version names.",
    )


def make_likeness(server: Server, profile: Profile) -> Likeness:
    """Make the roles and the database, and let every database made from now on have the target's settings."""
    unlike: dict[str, str] = {}
    if server.major != profile.major:
        unlike["version"] = f"the target is PostgreSQL {profile.major}, this is {server.major}"
    name = databases.name_for(server, "empty")
    with databases.connect(server, server.address.database) as connection:
        if missing_roles := _make_roles(connection, server, profile):
            unlike["roles"] = (
                f"owners and privileges are not brought over, as there is no {', '.join(missing_roles)} here"
            )
        if not _create(connection, name, profile.properties):
            locale = profile.properties.locale or profile.properties.collate
            unlike["locale"] = f"there is no {locale} here: texts are sorted and compared by code point"
        server.database_settings = {
            **server.database_settings,
            **dict(_settable(connection, profile.parameters, unlike)),
        }
    with databases.connect(server, name) as connection:
        missing = tuple(_extensions(connection, profile, unlike))
        if not profile.has_public:  # a dump says nothing of it: it takes the schema for granted
            connection.execute("DROP SCHEMA public")
    return Likeness(name, missing, roles_there=not missing_roles, unlike=unlike)


def _make_roles(connection: psycopg.Connection, server: Server, profile: Profile) -> list[str]:
    """Make those that are not there; on a server that isn't ours, only say which they are."""
    there = {name for (name,) in connection.execute("SELECT rolname FROM pg_catalog.pg_roles")}
    missing = [name for name in profile.roles if name not in there]
    if server.kind == "url":
        return missing
    create_roles(connection, missing)
    return []


def _create(connection: psycopg.Connection, name: str, properties: Properties) -> bool:
    """Whether it could be made with that locale; if not, it is made with ``C``."""
    try:
        create_empty(connection, name, properties)
    except _NO_SUCH_LOCALE:
        plain = replace(properties, collate="C", ctype="C", provider="c", locale=None, rules=None)
        create_empty(connection, name, plain)
        return False
    return True


def _settable(
    connection: psycopg.Connection, parameters: Mapping[str, str], unlike: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Those that this server takes; a parameter that it doesn't know or allow is named in ``unlike``."""
    for name, value in parameters.items():
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        except psycopg.Error as error:
            unlike[f"setting {name}"] = f"{value} there: {error.diag.message_primary}"
        else:
            yield name, value


def _extensions(connection: psycopg.Connection, profile: Profile, unlike: dict[str, str]) -> Iterator[str]:
    there: dict[str, str] = dict(
        connection.execute("SELECT name, default_version FROM pg_catalog.pg_available_extensions").fetchall()
    )
    for name, version in profile.extensions.items():
        if name not in there:
            unlike[f"extension {name}"] = "it is not installed on the throwaway server"
            yield name
        elif there[name] != version:
            unlike[f"extension {name}"] = f"version {version} there, {there[name]} here"
