"""A layer is told from the dictionary that it stands for by nothing but its cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migsafe.catalog.layers import Layer

KEYS = st.sampled_from("abcd")
BELOW = st.dictionaries(KEYS, st.integers())
Changes = list[tuple[str, int | None]]
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.integers()))


@given(below=BELOW, first=CHANGES, second=CHANGES)
def test_a_layer_holds_what_a_copy_would(below: dict[str, int], first: Changes, second: Changes) -> None:
    kept, copy = dict(below), dict(below)
    layer = Layer(below)
    change(layer, first)
    change(copy, first)
    twin = layer.copy()
    change(twin, second)
    assert same(layer, copy)
    change(copy, second)
    assert same(twin, copy)
    assert below == kept
    assert {key for key in {*layer, *twin} if layer.get(key) != twin.get(key)} <= twin.written.keys()


def test_what_is_not_there_cannot_be_taken_out() -> None:
    layer = Layer({"a": 1})
    del layer["a"]
    with pytest.raises(KeyError):
        del layer["a"]
    with pytest.raises(KeyError):
        layer["a"]


def change(mapping: Layer[str, int] | dict[str, int], changes: Changes) -> None:
    for key, value in changes:
        if value is None:
            mapping.pop(key, None)
        else:
            mapping[key] = value


def same(layer: Layer[str, int], copy: dict[str, int]) -> bool:
    looked_up = {key: layer[key] for key in "abcd" if key in layer}
    return looked_up == dict(layer.items()) == copy and sorted(layer.values()) == sorted(copy.values())
