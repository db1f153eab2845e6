"""Names as SQL writes them, and the parts of names as the catalogs print them."""

from __future__ import annotations

import re

from migsafe.schema.model import SchemaObject

IDENTIFIER = r'(?:"(?:[^"]|"")*"|[^\W\d][\w$]*)'
_QUALIFIED = re.compile(rf"{IDENTIFIER}(?:\.{IDENTIFIER})*")
_PARTS = re.compile(IDENTIFIER)


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
