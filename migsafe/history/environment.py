"""How a migration tool learns where its database is, and how that secret is kept out of what it prints."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, quote_plus

from migsafe.errors import SettingsError
from migsafe.postgres.address import Address


def tool_environment() -> dict[str, str]:
    """This process's environment without libpq's variables, so that nothing in it leads to another database."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def url_variables(words: str, address: Address, url: str) -> dict[str, str]:
    """The variables that ``url_by = "env …"`` asks for, and libpq's own, all leading to ``address``.

    A word is the name of a variable that takes the URL, or ``NAME={host}`` with any of ``{url}``, ``{host}``,
    ``{port}``, ``{user}``, ``{password}`` and ``{database}`` for projects that put their URL together themselves. The
    tap declines encryption, and drivers that insist on it where nobody says otherwise (Go's) are told so.
    """
    parts = {
        "url": url,
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password or "",
        "database": address.database,
    }
    variables = {"PGSSLMODE": "disable", **address.environment()}
    for word in words.split():
        name, _, template = word.partition("=")
        try:
            variables[name] = (template or "{url}").format(**parts)
        except (KeyError, IndexError, ValueError) as error:
            raise SettingsError(
                f"[history] url_by: {word!r} has a placeholder that means nothing",
                hint=f"Placeholders are {', '.join('{' + part + '}' for part in parts)}.",
            ) from error
    return variables


def scrub(text: str, address: Address) -> str:
    """``text`` without the password of ``address``, plain or percent-encoded as this or that library does it."""
    if not address.password:
        return text
    spellings = {
        address.password,
        quote_plus(address.password),
        *(quote(address.password, safe) for safe in ("", "/", " +")),
    }
    longest_first = sorted(map(re.escape, spellings), key=len, reverse=True)
    return re.sub(rf"(?<!\w)({'|'.join(longest_first)})(?!\w)", "***", text)
