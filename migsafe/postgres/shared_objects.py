"""What belongs to the whole server and not to one database: roles, databases, tablespaces (manual, 22 and 23)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

SharedObjects = Mapping[str, str]
"""Each object by its kind and name, with all that can be said of it but a password."""

_QUERY = """
SELECT 'role ' || rolname, jsonb_build_object(
    'row', to_jsonb(r) - 'rolpassword',
    'memberships', ARRAY(SELECT roleid::regrole::text FROM pg_catalog.pg_auth_members WHERE member = r.oid ORDER BY 1)
)::text
FROM pg_catalog.pg_roles r WHERE rolname !~ '^pg_'
UNION ALL
SELECT 'tablespace ' || spcname, to_jsonb(t)::text FROM pg_catalog.pg_tablespace t
UNION ALL
SELECT 'database ' || datname, datdba::regrole || ' ' || datallowconn || ' ' || datconnlimit
FROM pg_catalog.pg_database WHERE datname !~ '^migsafe_'
"""


def read_shared_objects(connection: psycopg.Connection) -> SharedObjects:
    """All that are there, but PostgreSQL's own roles and migsafe's own databases. Locks: ACCESS SHARE on catalogs."""
    return dict(connection.execute(_QUERY).fetchall())


def changes(before: SharedObjects, after: SharedObjects) -> Iterator[str]:
    """One line for each object that came, went or is another than it was, by name."""
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"{name}: removed"
        elif name not in before:
            yield f"{name}: added"
        elif before[name] != after[name]:
            yield f"{name}: changed"
