"""Which identifiers need quotes, as the server has it."""

from __future__ import annotations

from migsafe.postgres import databases
from migsafe.postgres.server import Server
from migsafe.sql.identifiers import quoted


def test_what_the_server_quotes_is_quoted(server: Server) -> None:
    with databases.connect(server, "postgres") as connection:
        words = connection.execute(
            "SELECT w, quote_ident(w) FROM (SELECT word FROM pg_get_keywords() UNION SELECT unnest(%s::text[])) t (w)",
            (["a$b", "ä", "Order", "1a", 'a"b', "", "_a1"],),
        ).fetchall()
    assert len(words) > 400
    assert [(word, by_server) for word, by_server in words if quoted(word) != by_server] == []
