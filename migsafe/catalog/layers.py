"""What becomes of a mapping, written beside it: looking ahead costs what is changed, however much there is."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, ValuesView
from typing import TypeVar, overload

Key = TypeVar("Key")
Value = TypeVar("Value")
Default = TypeVar("Default")


class Layer(MutableMapping[Key, Value]):
    """A mapping that begins as ``below``, which it leaves as it is and which must stay as it is meanwhile.

    ``written`` holds what may differ from it; none for what was taken out. The views are those of the moment.
    """

    def __init__(self, below: Mapping[Key, Value], written: Mapping[Key, Value | None] | None = None) -> None:
        self.below = below
        self.written: dict[Key, Value | None] = dict(written or {})

    def copy(self) -> Layer[Key, Value]:
        """An independent layer on the same mapping, that holds the same."""
        return Layer(self.below, self.written)

    @overload
    def get(self, key: Key, /) -> Value | None: ...
    @overload
    def get(self, key: Key, /, default: Value | Default) -> Value | Default: ...
    def get(self, key: Key, /, default: object = None) -> object:
        found = self.written[key] if key in self.written else self.below.get(key)
        return default if found is None else found

    def __contains__(self, key: object) -> bool:
        return self.written[key] is not None if key in self.written else key in self.below

    def __getitem__(self, key: Key) -> Value:
        found = self.written[key] if key in self.written else self.below[key]
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: Key, value: Value) -> None:
        self.written[key] = value

    def __delitem__(self, key: Key) -> None:
        if key not in self:
            raise KeyError(key)
        self.written[key] = None

    def __iter__(self) -> Iterator[Key]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def values(self) -> ValuesView[Value]:
        return self._whole().values()

    def items(self) -> ItemsView[Key, Value]:
        return self._whole().items()

    def _whole(self) -> dict[Key, Value]:
        whole = dict(self.below)
        for key, value in self.written.items():
            if value is None:
                whole.pop(key, None)
            else:
                whole[key] = value
        return whole
