"""Names as SQL writes them, and the parts of names as the catalogs print them."""

from __future__ import annotations

import re

from migsafe.schema.model import SchemaObject

_KEYWORDS = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "between",
        "bigint",
        "binary",
        "bit",
        "boolean",
        "both",
        "case",
        "cast",
        "char",
        "character",
        "check",
        "coalesce",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "dec",
        "decimal",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "exists",
        "extract",
        "false",
        "fetch",
        "float",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "greatest",
        "group",
        "grouping",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "inout",
        "int",
        "integer",
        "intersect",
        "interval",
        "into",
        "is",
        "isnull",
        "join",
        "json",
        "json_array",
        "json_arrayagg",
        "json_exists",
        "json_object",
        "json_objectagg",
        "json_query",
        "json_scalar",
        "json_serialize",
        "json_table",
        "json_value",
        "lateral",
        "leading",
        "least",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "merge_action",
        "national",
        "natural",
        "nchar",
        "none",
        "normalize",
        "not",
        "notnull",
        "null",
        "nullif",
        "numeric",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "out",
        "outer",
        "overlaps",
        "overlay",
        "placing",
        "position",
        "precision",
        "primary",
        "real",
        "references",
        "returning",
        "right",
        "row",
        "select",
        "session_user",
        "setof",
        "similar",
        "smallint",
        "some",
        "substring",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "then",
        "time",
        "timestamp",
        "to",
        "trailing",
        "treat",
        "trim",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "values",
        "varchar",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
        "xmlattributes",
        "xmlconcat",
        "xmlelement",
        "xmlexists",
        "xmlforest",
        "xmlnamespaces",
        "xmlparse",
        "xmlpi",
        "xmlroot",
        "xmlserialize",
        "xmltable",
    ]
)
"""Words that quote_ident quotes: all that are reserved for something (pg_get_keywords, PostgreSQL 15 and 18)."""

IDENTIFIER = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUALIFIED = re.compile(rf"{IDENTIFIER}(?:\.{IDENTIFIER})*")
_PARTS = re.compile(IDENTIFIER)


def quoted(name: str) -> str:
    """The identifier, in quotes where it needs them, as quote_ident does it."""
    plain = _PLAIN.fullmatch(name) and name not in _KEYWORDS
    return name if plain else '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as a string literal, whatever standard_conforming_strings says."""
    body = text.replace("'", "''")
    return f"'{body}'" if "\\" not in body else " E'" + body.replace("\\", "\\\\") + "'"


def own_name(item: SchemaObject) -> str:
    """The name of a part without that of the relation that it hangs on, quoted."""
    if item.parent is None:
        return item.name
    return item.name.removeprefix(f"{item.parent}.").removesuffix(f" on {item.parent}")


def function_name(identity: str) -> str:
    """The qualified name in ``schema.name(types)``."""
    match = _QUALIFIED.match(identity)
    return match[0] if match else identity


def parts(qualified: str) -> list[str]:
    """The identifiers of a qualified name, as they stand there."""
    return _PARTS.findall(qualified)


def unquoted(identifier: str) -> str:
    """The name that an identifier as it is printed stands for."""
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier
