"""Names of databases: put one in another's place."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors, sql

from migsafe.errors import CannotCheck
from migsafe.postgres.databases import connect_to
from migsafe.snapshots.sessions import end_sessions, others
from migsafe.sql.limits import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.postgres.address import Address

OURS = re.compile(r"migsafe_[0-9a-f]{12}_")
"""How the names of databases begin that migsafe made."""

_PAUSE = 0.1
"""Seconds between two looks at who is connected."""


def aside(name: str, now: datetime) -> str:
    """The name for a database that makes room; no sweep takes it for one of migsafe's own."""
    suffix = f"_replaced_{now:%Y%m%dT%H%M%SZ}"
    return name.encode()[: LONGEST_NAME - len(suffix)].decode(errors="ignore") + suffix


def exchange(connection: psycopg.Connection, address: Address, new: str, old: str, *, force: bool) -> str | None:
    """Give the database ``new`` the name of that at ``address``, which is called ``old`` from then on, if it exists.

    One transaction, so that at every moment one of the two has the name. A rename waits up to five seconds for sessions
    to end and lets no new one in meanwhile (manual, ALTER DATABASE); with ``force`` those that are there are ended.
    Returns ``old`` if there was such a database. Raises :class:`CannotCheck` when sessions stay; nothing has changed.
    """
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    name = address.database
    there = connection.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", (name,)).fetchone() is not None
    try:
        with _ending_sessions(connection, address, force=force and there), connection.transaction():
            if there:
                connection.execute(rename.format(sql.Identifier(name), sql.Identifier(old)))
            connection.execute(rename.format(sql.Identifier(new), sql.Identifier(name)))
    except errors.ObjectInUse as error:
        who = "\n  ".join(map(str, others(connection, name)))
        raise CannotCheck(
            f"the restored database is ready, but others are connected to the old one:\n  {who}",
            where=str(address),
            hint="Stop them, or have them ended with --end-sessions.",
        ) from error
    return old if there else None


@contextmanager
def _ending_sessions(connection: psycopg.Connection, address: Address, *, force: bool) -> Iterator[None]:
    """End whoever is connected, over a connection of its own, until leaving."""
    if not force:
        yield
        return
    done = Event()
    with connect_to(address.on(connection.info.dbname)) as terminator:

        def terminate() -> None:
            with suppress(CannotCheck, psycopg.Error):  # whoever stays makes the rename fail, which says who it is
                while not done.wait(_PAUSE):
                    end_sessions(terminator, address.database)

        end_sessions(terminator, address.database)

        thread = Thread(target=terminate, name="migsafe: ending sessions")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
