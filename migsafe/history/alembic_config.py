"""Where a project keeps Alembic's configuration, and what can be read from it without running anything."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path

from migsafe.history.model import HistorySettings


def config_file(settings: HistorySettings) -> Path | None:
    """The alembic.ini, or the pyproject.toml that takes its place; none when there is neither."""
    root = settings.root.absolute()
    if settings.config:
        return root / settings.config
    places = [root, root / "migrations", root / "alembic"]
    if settings.path:
        places = [root / settings.path, (root / settings.path).parent, root]
    for place in places:
        if (place / "alembic.ini").is_file():
            return place / "alembic.ini"
    return root / "pyproject.toml" if has_alembic_table(root / "pyproject.toml") else None


def has_alembic_table(file: Path) -> bool:
    """Whether this pyproject.toml configures Alembic."""
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(tool, dict) and isinstance(tool.get("alembic"), dict)


def option(config: Path, name: str) -> str:
    """An option of alembic.ini as it is written; empty when it isn't there."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(config, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return ""  # Alembic will say what is wrong with it, in its own words
    return parser.get("alembic", name, fallback="")


def working_directory(config: Path, root: Path) -> Path:
    """Where the project runs Alembic: where a relative ``script_location`` leads somewhere, the root if it may be."""
    location = option(config, "script_location")
    relative = location and "%(" not in location
    return (
        config.parent if relative and not (root / location).is_dir() and (config.parent / location).is_dir() else root
    )
