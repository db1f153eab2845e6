"""One key of the settings: what is said of it, and how its value is read from TOML, the environment or a flag."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Setting:
    """Stands in ``Annotated[type, Setting(...)]``; a field of the settings that has none is no key.

    ``description`` is one line for the documentation, for ``migsafe init`` and for the help of flags. ``allowed`` are
    the only values there are (empty: any; ``URL`` stands for every URL). ``kind`` names the one kind of history that
    the key is for. ``least`` is the least number that makes sense.
    """

    description: str
    allowed: tuple[str, ...] = ()
    kind: str | None = None
    least: int = 0

    def allows(self, value: object) -> bool:
        """Whether the value is one of those allowed."""
        return not self.allowed or value in self.allowed or ("URL" in self.allowed and "://" in str(value))


@dataclass(frozen=True, slots=True)
class Key:
    """A key as found in a dataclass of the settings. ``type`` is one of :data:`TYPES`."""

    table: str
    name: str
    type: Any
    setting: Setting
    default: object

    @property
    def variable(self) -> str:
        """The environment variable that overrides the file."""
        return f"MIGSAFE_{self.table}_{self.name}".upper()

    @property
    def word(self) -> str:
        """What stands for a value in the help of a flag: the values allowed, or the type."""
        return "|".join(self.setting.allowed) or TYPES[self.type].word

    @property
    def example(self) -> str:
        """How a value is written in TOML."""
        return f'"{self.setting.allowed[0]}"' if self.setting.allowed else TYPES[self.type].example

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.setting.allowed:
            return any_of(self.setting.allowed)
        return TYPES[self.type].expected + (f" from {self.setting.least} on" if self.setting.least else "")

    def read(self, value: object, directory: Path) -> object:
        """The value of a TOML document as the settings hold it; paths are relative to ``directory``.

        Raises :class:`ValueError` with what was expected. The message doesn't repeat what may be a URL.
        """
        try:
            read = TYPES[self.type].read(value, directory)
        except TypeError:
            raise ValueError(f"{self.name} must be {self.expected}, and is {_spoken(value)}") from None
        if isinstance(read, int) and read < self.setting.least:
            raise ValueError(f"{self.name} must be {self.expected}, and is {read}")
        if not self.setting.allows(read):
            named = "this value" if "/" in str(value) or "@" in str(value) else f'"{value}"'
            near = nearest(str(value), self.setting.allowed)
            raise ValueError(f"{self.name} must be {self.expected}; {named} is none of them{near}")
        return read

    def read_text(self, text: str, directory: Path) -> object:
        """The value of an environment variable or a flag: a list is ``a,b``, a table ``name=value,name=value``."""
        return self.read(TYPES[self.type].from_text(text), directory)


def keys_of(table: str, settings: type) -> dict[str, Key]:
    """The keys of one table, by name, in the order of the dataclass's fields."""
    hints = get_type_hints(settings, include_extras=True)
    found = {}
    for field in fields(settings):
        if get_origin(hints[field.name]) is Annotated:
            kind, setting = get_args(hints[field.name])
            found[field.name] = Key(table, field.name, _without_none(kind), setting, _default(field))
    return found


def _without_none(kind: Any) -> Any:
    kinds = [each for each in get_args(kind) if each is not NoneType]
    return kinds[0] if NoneType in get_args(kind) else kind


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()


def nearest(name: str, among: Iterable[str]) -> str:
    """``, the nearest is "x"``, or nothing where none is near."""
    near = difflib.get_close_matches(name, among, n=1)
    return f'; the nearest is "{near[0]}"' if near else ""


def any_of(words: Iterable[str]) -> str:
    """``a, b or c``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _spoken(value: object) -> str:
    """A TOML value's type in words."""
    words = {
        bool: "a boolean",
        str: "a text",
        int: "a number",
        float: "a number with a fraction",
        list: "a list",
        dict: "a table",
    }
    negative = isinstance(value, int) and value < 0
    return "negative" if negative else words.get(type(value), "a date or a time")


def _text(value: object, _: Path) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: object, _: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError
    return value


def _path(value: object, directory: Path) -> Path:
    return directory / Path(_text(value, directory)).expanduser()


def _list_of(read: Callable[[object, Path], Any]) -> Callable[[object, Path], tuple[Any, ...]]:
    def read_each(value: object, directory: Path) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError
        return tuple(read(each, directory) for each in value)

    return read_each


def _table(value: object, _: Path) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str | int | float) for each in value.values()):
        raise TypeError
    return {name: str(each).lower() if isinstance(each, bool) else str(each) for name, each in value.items()}


def _number_in(text: str) -> object:
    return int(text) if text.strip().isdecimal() else text


def _list_in(text: str) -> object:
    return [each.strip() for each in text.split(",") if each.strip()]


def _table_in(text: str) -> object:
    pairs = [each.partition("=") for each in text.split(",") if each.strip()]
    return {name.strip(): value.strip() for name, equals, value in pairs} if all(e for _, e, _ in pairs) else text


class Type(NamedTuple):
    """How values of one type are named in words, read from TOML (TypeError: not that type), and taken from a text.

    ``word`` is what stands for a value in the help of a flag, ``example`` how one is written in TOML.
    """

    expected: str
    word: str
    example: str
    read: Callable[[object, Path], Any]
    from_text: Callable[[str], object]


TYPES: Mapping[Any, Type] = {
    str: Type("a text", "TEXT", '"…"', _text, str),
    int: Type("a whole number", "NUMBER", "17", _number, _number_in),
    Path: Type("a path", "PATH", '"…"', _path, str),
    tuple[str, ...]: Type("a list of texts", "TEXT,…", '["…", "…"]', _list_of(_text), _list_in),
    tuple[Path, ...]: Type("a list of paths", "PATH,…", '["…", "…"]', _list_of(_path), _list_in),
    Mapping[str, str]: Type("a table of texts", "NAME=TEXT,…", '{ "…" = "…" }', _table, _table_in),
}
