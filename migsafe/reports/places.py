"""Files named relative to a directory, wherever they stand in a report."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from migsafe.findings import Report


def relative(report: Report, root: Path) -> Report:
    """The same report with every path in it that lies below ``root`` made relative to it.

    Also where a path is part of the words that say what was not checked.
    """
    changed: Report = _relative(report, root)
    above = str(root / "_").removesuffix("_")
    told = {subject.replace(above, ""): reason.replace(above, "") for subject, reason in report.not_checked.items()}
    return changed if above == root.anchor else replace(changed, not_checked=told)


def _relative(value: Any, root: Path) -> Any:
    if isinstance(value, Path):
        return value.relative_to(root) if value.is_relative_to(root) else value
    if isinstance(value, tuple):
        return tuple(_relative(each, root) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _relative(getattr(value, field.name), root) for field in fields(value)})
    return value
