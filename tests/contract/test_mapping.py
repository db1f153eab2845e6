"""Fields find their columns by name, or by what the settings say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migsafe.contract.changes import Side
from migsafe.contract.document import Document
from migsafe.contract.mapping import belongs, fields
from tests.contract.test_compare import STRING, api, document, pet


def field_named(component: str, name: str) -> Document:
    text = json.dumps(api(pet(**{name: STRING}))).replace("Pet", component)
    return Document("openapi.json", Path("openapi.json"), lambda _: text)


@pytest.mark.parametrize(
    ("component", "name", "table", "column", "expected"),
    [
        ("Customer", "email", "public.customers", "email", True),
        ("CustomerRead", "firstName", "public.customer", "first_name", True),
        ("Category", "id", "shop.categories", "id", True),
        ("Address", "city", "public.addresses", "city", True),
        ("OrderItem", "unitPrice", 'public."OrderItem"', '"unitPrice"', True),
        ("Customer", "email", "public.customers", "mail", False),
        ("Customer", "email", "public.orders", "email", False),
    ],
)
def test_names_tell(component: str, name: str, table: str, column: str, *, expected: bool) -> None:
    (field,) = fields(field_named(component, name))
    assert belongs(field, table, column, {}) is expected


def test_what_the_settings_say_has_the_last_word() -> None:
    (field,) = fields(field_named("Customer", "email"))
    said = {"Customer.email": "public.people.mail"}
    assert belongs(field, "public.people", "mail", said)
    assert not belongs(field, "public.customers", "email", said)


def test_a_field_goes_the_ways_that_its_component_goes() -> None:
    content = api(pet(a={**STRING, "readOnly": True}, b=STRING))
    content["components"]["schemas"]["Unused"] = pet(c=STRING)
    found = {field.name: field.sides for field in fields(document(content))}
    assert found == {"Pet.a": {Side.RESPONSE}, "Pet.b": {Side.REQUEST, Side.RESPONSE}}
