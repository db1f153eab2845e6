"""What of the target's server matters to a migration: version, locale, settings, roles, extensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migsafe.postgres.properties import Properties, read_properties

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Profile:
    """One server and database as a session of the given user finds them.

    ``parameters`` are those a session may set and that are not as PostgreSQL has them by itself, whether the
    configuration, the database or the role says so. ``has_public`` is false where the schema ``public`` was dropped.
    ``left_behind`` are things that are not brought over, and why.
    """

    major: int
    properties: Properties
    parameters: Mapping[str, str]
    roles: tuple[str, ...]
    extensions: Mapping[str, str]
    has_public: bool
    left_behind: Mapping[str, str]


_PARAMETERS = """
SELECT name, reset_val
FROM pg_settings
WHERE context IN ('user', 'superuser')
    AND reset_val IS DISTINCT FROM boot_val
    AND category NOT LIKE 'Reporting and Logging%'
    AND category NOT LIKE 'Preset Options'
ORDER BY name
"""

_OWN_PARAMETERS = """
SELECT DISTINCT ON (said.name) said.name, said.value
FROM pg_db_role_setting s
CROSS JOIN LATERAL unnest(s.setconfig) AS line
CROSS JOIN LATERAL (SELECT split_part(line, '=', 1), substr(line, strpos(line, '=') + 1)) AS said (name, value)
WHERE said.name LIKE '%.%'
    AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
ORDER BY said.name, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
"""
"""Parameters with a dot in their name, which pg_settings doesn't show: of several values, the one that counts."""

_NOT_TO_BE_SET = frozenset(
    [
        "application_name",
        "client_encoding",
        "client_min_messages",
        "default_transaction_read_only",
        "default_tablespace",
        "local_preload_libraries",
        "max_stack_depth",
        "role",
        "session_preload_libraries",
        "statement_timeout",
        "synchronous_commit",
        "temp_tablespaces",
        "transaction_deferrable",
        "transaction_isolation",
        "transaction_read_only",
    ]
)
"""They say nothing about a migration's outcome, or name what a throwaway server doesn't have."""

_WORTH_SAYING = {
    "default_transaction_read_only": "it is {} there; the migrations must set it off there, and run without it here",
    "role": "sessions there act as {}; here they act as the throwaway server's own user",
    "session_preload_libraries": "{} is loaded into each session there, and not here",
    "statement_timeout": "statements end after {} ms there; here [checks] statement_timeout counts",
}

_LEFT_BEHIND = """
SELECT 'subscriptions', format('not brought over: %s', string_agg(subname, ', ' ORDER BY subname))
FROM pg_subscription
JOIN pg_database ON pg_database.oid = subdbid AND datname = current_database()
HAVING count(*) > 0
UNION ALL
SELECT 'user mappings', format('not brought over, so that nothing connects to foreign servers: %s', count(*))
FROM pg_user_mappings
HAVING count(*) > 0
UNION ALL
SELECT 'tablespaces', format('tables and indexes in others than the default: %s', count(*))
FROM pg_class
WHERE reltablespace <> 0 AND relnamespace <> 'pg_catalog'::regnamespace AND NOT relisshared
HAVING count(*) > 0
UNION ALL
SELECT 'security labels', format('not brought over: %s', count(*))
FROM pg_seclabel
HAVING count(*) > 0
"""


def read_profile(connection: psycopg.Connection, user: str) -> Profile:
    """Read it from the catalogs; needs no privilege. The connection must have an empty ``search_path``."""
    row = connection.execute("SELECT current_database(), to_regnamespace('public') IS NOT NULL").fetchone()
    assert row is not None
    properties = read_properties(connection, row[0])
    assert properties is not None  # we are in it
    parameters: dict[str, str] = dict(connection.execute(_PARAMETERS).fetchall()) | dict(
        connection.execute(_OWN_PARAMETERS).fetchall()
    )
    unlike = {
        f"setting {name}": text.format(parameters[name]) for name, text in _WORTH_SAYING.items() if parameters.get(name)
    }
    roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname")
    return Profile(
        major=connection.info.server_version // 10000,
        properties=properties,
        parameters={name: value for name, value in parameters.items() if name not in _NOT_TO_BE_SET},
        roles=tuple(name for (name,) in roles),
        extensions=dict(connection.execute("SELECT extname, extversion FROM pg_extension ORDER BY extname").fetchall()),
        has_public=row[1],
        left_behind={
            **unlike,
            **dict(connection.execute(_LEFT_BEHIND).fetchall()),
            f"privileges of {user}": "here the migrations run as the server's owner, who may do everything",
        },
    )
