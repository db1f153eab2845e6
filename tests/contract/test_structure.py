"""A document that isn't built as OpenAPI has it is an error with its place, whatever is wrong in it."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.contract.compare import compare_documents
from migsafe.contract.document import Document, open_document
from migsafe.contract.structure import require_structure
from migsafe.errors import UsageError

PET = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
        "kind": {"oneOf": [{"$ref": "#/components/schemas/Kind"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": ["string", "null"], "maxLength": 5, "pattern": "a", "format": "b"}},
    },
    "additionalProperties": {"allOf": [{"enum": ["a", 1]}]},
    "discriminator": {"propertyName": "kind"},
}
CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
ANSWER = {"200": {"content": CONTENT, "headers": {"x-rest": {"required": True, "schema": {"type": "integer"}}}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "/"}],
    "security": [{"key": ["read"]}],
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "default": 1}}],
            "post": {
                "requestBody": {"required": True, "content": CONTENT},
                "responses": ANSWER,
                "callbacks": {"sold": {"{$request.body#/url}": {"post": {"requestBody": {"content": CONTENT}}}}},
            },
        },
        "/old": {"get": {"deprecated": True, "x-sunset": "2025-01-01", "responses": ANSWER}},
    },
    "webhooks": {"lost": {"post": {"requestBody": {"content": CONTENT}, "responses": {}}}},
    "components": {
        "schemas": {"Pet": PET, "Kind": {"const": "cat", "title": "Cat"}},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    },
}


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, each in inner for place in places(each, (*way, key)))][1 if not way else 0 :]


def replaced(way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = json.loads(json.dumps(DOCUMENT))
    inner = changed
    for key in way[:-1]:
        inner = inner[key]
    inner[way[-1]] = value
    return changed


def document(content: Any) -> Document:
    return Document("openapi.json", Path("openapi.json"), lambda _: json.dumps(content))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["$ref", "type", "properties", "required", "enum", "x-a", "a"]), inner, max_size=2
        )
    ),
    max_leaves=4,
)


@given(st.sampled_from(places(DOCUMENT)), anything | st.sampled_from([{"$ref": "#/paths"}, {"$ref": "\0"}]))
def test_whatever_stands_in_a_place_is_compared_or_refused(way: tuple[Any, ...], value: Any) -> None:
    assert_compared_or_refused(way, value)


@pytest.mark.parametrize("value", [None, True, 1, "a", [], {}, [None], ["a"], [{}], [[]], {"a": None}, {"a": {}}])
def test_the_commonest_mistakes_are_compared_or_refused_in_every_place(value: Any) -> None:
    for way in places(DOCUMENT):
        assert_compared_or_refused(way, value)


def assert_compared_or_refused(way: tuple[Any, ...], value: Any) -> None:
    before, after = document(DOCUMENT), document(replaced(way, value))
    for old, new in ((before, after), (after, before), (after, after)):
        with suppress(UsageError):
            findings = compare_documents(old, new, date(2026, 1, 1))
            assert old is not new or findings == ()


def test_the_document_itself_is_sound() -> None:
    assert compare_documents(document(DOCUMENT), document(copy.deepcopy(DOCUMENT)), date(2026, 1, 1)) == ()


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("a.yaml", "openapi: 3.0.3\npaths:\n  /a: [1]\n", "a.yaml:3"),
        ("a.yaml", "openapi: 3.0.3\npaths: {}\ncomponents:\n  schemas:\n    A:\n      required: true\n", "a.yaml:6"),
        ("a.yaml", "openapi: 3.0.3\npaths: &a\n  /b: *a\n", "a.yaml:2"),
        ("a.json", '{"openapi": "3.0.3", "paths": ' + "[" * 100_000 + "]" * 100_000 + "}", "a.json"),
        ("a.json", '{"openapi": "3.0.3", "paths": ' + "9" * 5000 + "}", "a.json"),
        ("a.yaml", "openapi: 3.0.3\npaths: " + "[" * 5000 + "]" * 5000, "a.yaml"),
    ],
)
def test_the_place_of_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, where: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError) as raised:
        require_structure(open_document(name, tmp_path))
    assert where in str(raised.value)


def test_a_callback_is_a_way_back() -> None:
    calls = ("paths", "/pets/{id}", "post", "callbacks")
    (gone,) = compare_documents(document(DOCUMENT), document(replaced(calls, {})), date(2026, 1, 1))
    assert gone.rule == "contract-callback-gone"
    body = (*calls, "sold", "{$request.body#/url}", "post", "requestBody", "content")
    wide, narrow = ({"application/json": {"schema": {"type": kind}}} for kind in ("number", "integer"))
    old, new = replaced(body, narrow), replaced(body, wide)
    assert [each.rule for each in compare_documents(document(old), document(new), date(2026, 1, 1))] == [
        "contract-response-type"
    ]
    assert compare_documents(document(new), document(old), date(2026, 1, 1)) == ()
