"""PL/pgSQL's parser, as libpg_query has it."""

from __future__ import annotations

import json
import re
from typing import Any

from postgast.errors import check_error
from postgast.native import lib

_TRIGGER_VARIABLES = re.compile(r'(?<="dno":1\}\},)(?:\{\}\},)+')
"""What libpg_query writes for TG_OP and its kin: brackets that don't match."""


def parse_plpgsql(sql: str) -> list[dict[str, Any]]:
    """The tree of a CREATE FUNCTION or DO statement, as :func:`postgast.parse_plpgsql`, and of triggers as well.

    Raises :class:`postgast.PgQueryError` for what the parser refuses.
    """
    result = lib.pg_query_parse_plpgsql(sql.encode())
    try:
        check_error(result)
        functions: list[dict[str, Any]] = json.loads(_TRIGGER_VARIABLES.sub("", result.plpgsql_funcs.decode(), count=1))
        return functions
    finally:
        lib.pg_query_free_plpgsql_parse_result(result)
