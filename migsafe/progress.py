"""How whatever takes long says what it is doing."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]
"""Told what is being done, in a few words; for standard error."""
