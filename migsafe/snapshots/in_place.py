"""Replace the contents of a database by those of a snapshot, in one transaction."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from psycopg import sql

from migsafe.postgres.archive import replace_in_one_transaction

if TYPE_CHECKING:
    from migsafe.postgres.address import Address
    from migsafe.snapshots.manifest import Snapshot

_BEGIN = "SET lock_timeout = '30s';\nSET statement_timeout = 0;\nSET default_transaction_read_only = off;\n"
"""A session that came in meanwhile must not make this wait forever."""


def replace_contents(snapshot: Snapshot, address: Address, major: int) -> None:
    """Drop what is there and bring in the dump; when anything fails, everything is as before.

    Locks: ACCESS EXCLUSIVE on every table until the end; a database of many thousand tables needs a larger
    ``max_locks_per_transaction``. One session, so slower than a restore beside. Default privileges that were added for
    the schema public or for the whole database stay, since nothing drops them.
    """
    clear = _script("clear.sql")
    plpgsql = "" if ("extension", "plpgsql") in snapshot.state.schema else "DROP EXTENSION plpgsql;\n"
    replace_in_one_transaction(
        address,
        major,
        snapshot.dump,
        before=_BEGIN,
        first=f"{clear}\n{_public(snapshot)};\n{plpgsql}",
        privileges=snapshot.manifest.privileges,
    )


def _public(snapshot: Snapshot) -> str:
    """SQL that brings the schema public to where the dump begins."""
    public = next((each for each in snapshot.state.schema.of_kind("schema") if each.name == "public"), None)
    if public is None:
        return "DROP SCHEMA IF EXISTS public"
    privileges = public.fields.get("privileges")
    reset = sql.SQL(_script("public.sql")).format(
        comment=sql.Literal(public.fields.get("comment")),
        privileges_kept=sql.Literal(snapshot.manifest.privileges),
        owner=sql.Literal(public.fields.get("owner")),
        privileges=sql.Literal(sorted(privileges) if isinstance(privileges, list) else []),
    )
    return f"CREATE SCHEMA IF NOT EXISTS public;\n{reset.as_string()}"


def _script(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
