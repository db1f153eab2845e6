"""The reference pages say what the code says: they are written from it by ``pytest --update-golden``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from migsafe.config import TABLES, keys
from migsafe.setting import Key

DOCS = Path(__file__).parent.parent / "docs"

GoldenBlock = Callable[[Path, str, str], None]


def test_every_setting_is_documented(golden_block: GoldenBlock) -> None:
    golden_block(DOCS / "settings.md", "settings", "\n".join(_settings()))


def test_every_field_of_the_report_is_documented(golden_block: GoldenBlock) -> None:
    schema = json.loads(files("migsafe.reports").joinpath("report-1.schema.json").read_text())
    golden_block(DOCS / "report.md", "fields", "\n".join(_fields(schema)))


def _settings() -> Iterator[str]:
    for table in TABLES:
        yield f"## `[{table}]`\n\n| key | value | default | meaning |\n|---|---|---|---|"
        for key in keys().values():
            if key.table == table:
                yield f"| `{key.name}` | {_value(key)} | {_default(key)} | {_meaning(key)} |"
        yield ""


def _value(key: Key) -> str:
    return ", ".join(f"`{each}`" for each in key.setting.allowed) or key.expected


def _default(key: Key) -> str:
    return f"`{json.dumps(key.default)}`" if key.default else ""


def _meaning(key: Key) -> str:
    return f"{key.setting.description} Only for {key.setting.kind}." if key.setting.kind else key.setting.description


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield "## The report"
    yield from _object(schema)
    for name, definition in schema["$defs"].items():
        yield f"## {name}"
        yield from _object(definition)


def _object(definition: dict[str, Any]) -> Iterator[str]:
    yield f"\n{definition['description']}\n\n| field | type | meaning |\n|---|---|---|"
    yield from _rows(definition, "")
    yield ""


def _rows(definition: dict[str, Any], above: str) -> Iterator[str]:
    for name, field in definition["properties"].items():
        yield f"| `{above}{name}` | {_type(field)} | {field.get('description', '')} |"
        inner = field.get("items", field)
        if "properties" in inner:
            yield from _rows(inner, f"{above}{name}{'[]' if 'items' in field else ''}.")


def _type(field: dict[str, Any]) -> str:
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if field["type"] == "array":
        return f"array of {_type(field['items'])}"
    return field["type"] if isinstance(field["type"], str) else " or ".join(field["type"])
