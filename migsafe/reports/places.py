"""Files named relative to a directory, wherever they stand in a report."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from operator import is_
from pathlib import Path
from typing import Any

from migsafe.findings import IGNORED, CheckResult, Evidence, Report


def relative(report: Report, root: Path) -> Report:
    """The same report with every path in it that lies below ``root`` made relative to it.

    Also where a path is part of migsafe's own words: why a check says what it says, what was not checked, and where a
    comment stands that ignores a finding.
    """
    changed: Report = _relative(report, root)
    above = str(root / "_").removesuffix("_")
    if above == root.anchor:
        return changed
    told = {subject.replace(above, ""): reason.replace(above, "") for subject, reason in report.not_checked.items()}
    migrations = tuple(
        replace(migration, checks=tuple(_in_words(check, above) for check in migration.checks))
        for migration in changed.migrations
    )
    return replace(changed, migrations=migrations, not_checked=told)


def _in_words(check: CheckResult, above: str) -> CheckResult:
    findings = tuple(
        replace(finding, evidence=tuple(_where_ignored(each, above) for each in finding.evidence))
        for finding in check.findings
    )
    return replace(check, reason=check.reason.replace(above, ""), findings=findings)


def _where_ignored(evidence: Evidence, above: str) -> Evidence:
    return replace(evidence, text=evidence.text.replace(above, "")) if evidence.label == IGNORED else evidence


def _relative(value: Any, root: Path) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Path):
        return _below(value, root)
    if isinstance(value, tuple):
        new = tuple([_relative(each, root) for each in value])
        return value if all(map(is_, value, new)) else new
    if is_dataclass(value) and not isinstance(value, type):
        held = ((field.name, getattr(value, field.name)) for field in fields(value))
        changed = {name: new for name, each in held if (new := _relative(each, root)) is not each}
        return replace(value, **changed) if changed else value
    return value


@lru_cache(maxsize=1024)
def _below(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
