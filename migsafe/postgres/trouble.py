"""What the server says, as errors for the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg import errors

from migsafe.errors import CannotCheck, ServerUnavailable

if TYPE_CHECKING:
    from migsafe.postgres.address import Address


@contextmanager
def explained(address: Address | str) -> Iterator[None]:
    """Turn what goes wrong on the server (no permission, a full disk, its end) into a :class:`CannotCheck`."""
    try:
        yield
    except errors.DiskFull as error:
        raise ServerUnavailable(
            f"the server's disk is full: {error.diag.message_primary}",
            where=str(address),
            hint="Free some space there, then run again.",
        ) from error
    except errors.InsufficientPrivilege as error:
        raise CannotCheck(
            f"the server refused: {error.diag.message_primary}",
            where=str(address),
            hint="Connect as a role that may, or let an administrator grant it (to read everything, from 14 on: "
            "GRANT pg_read_all_data).",
        ) from error
    except psycopg.Error as error:
        if error.diag.message_primary and error.sqlstate and not error.sqlstate.startswith(("57P", "08")):
            raise CannotCheck(f"the server refused: {error.diag.message_primary}", where=str(address)) from error
        raise ServerUnavailable(
            f"the server went away: {str(error).strip()}",
            where=str(address),
            hint="Look at the server's log, then run again.",
        ) from error
