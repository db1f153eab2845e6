"""A server out of a Python wheel: no system package is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def embedded_directories() -> Iterator[Path]:
    return iter(())
