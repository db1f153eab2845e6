"""What a project's ``flyway.toml`` or ``flyway.conf`` says about how its migrations are run."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from migsafe.errors import SettingsError
from migsafe.history.files import read_script

CONFIGURATION_FILES = ("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf")

_UNSUPPORTED = {
    "group": "true",
    "baselineOnMigrate": "true",
    "executeInTransaction": "false",
    "placeholderReplacement": "false",
    "validateOnMigrate": "false",
}
"""Settings that change how migrations are run and are not taken over, with the value that isn't the default."""


@dataclass(frozen=True, slots=True)
class FlywayOptions:
    """The settings that are taken over, and the names of those that would change the run and are not.

    ``transactional_lock`` is Flyway's default: the lock is held by a transaction on a second connection, which also
    writes the history table.
    """

    file: Path | None = None
    locations: tuple[Path, ...] = ()
    table: str = "flyway_schema_history"
    schema: str | None = None
    placeholders: Mapping[str, str] = field(default_factory=dict)
    mixed: bool = False
    out_of_order: bool = False
    transactional_lock: bool = True
    not_taken_over: tuple[str, ...] = ()


def read_options(root: Path) -> FlywayOptions:
    """Read the first of :data:`CONFIGURATION_FILES` below ``root``; all defaults when there is none.

    Raises :class:`SettingsError` when it isn't valid TOML.
    """
    file = next((root / name for name in CONFIGURATION_FILES if (root / name).is_file()), None)
    if file is None:
        return FlywayOptions()
    said = dict(_toml(file) if file.suffix == ".toml" else _properties(file))
    schemas = said.get("schemas", "").split(",")[0].strip()
    return FlywayOptions(
        file=file,
        locations=tuple(_locations(root, said.get("locations", ""))),
        table=said.get("table", "flyway_schema_history"),
        schema=said.get("defaultSchema", schemas) or None,
        placeholders={
            name.removeprefix("placeholders."): value
            for name, value in said.items()
            if name.startswith("placeholders.")
        },
        mixed=said.get("mixed") == "true",
        out_of_order=said.get("outOfOrder") == "true",
        transactional_lock=said.get("postgresql.transactional.lock") != "false",
        not_taken_over=tuple(name for name, value in _UNSUPPORTED.items() if said.get(name) == value),
    )


def _locations(root: Path, text: str) -> Iterator[Path]:
    """The directories among Flyway's locations: on the file system, or in the usual place of a classpath."""
    for location in filter(None, (part.strip() for part in text.split(","))):
        kind, colon, place = location.rpartition(":")
        if kind in ("", "filesystem"):
            yield root / place
        elif kind == "classpath" and colon:
            yield root / "src" / "main" / "resources" / place.lstrip("/")


def _properties(file: Path) -> Iterator[tuple[str, str]]:
    for line in read_script(file).text.splitlines():
        name, equals, value = (part.strip() for part in line.partition("="))
        if equals and not name.startswith(("#", "!")):
            yield name.removeprefix("flyway."), value


def _toml(file: Path) -> Iterator[tuple[str, str]]:
    try:
        content = tomllib.loads(read_script(file).text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"this is not valid TOML: {error}", where=str(file)) from error
    yield from _flat("", content.get("flyway", {}))


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
    elif isinstance(value, list):
        yield prefix, ",".join(str(item) for item in value)
    else:
        yield prefix, str(value).lower() if isinstance(value, bool) else str(value)
