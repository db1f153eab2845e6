"""Alembic revisions as values, and what can be wrong with a set of them. Reads files, runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from migsafe.errors import HistoryError
from migsafe.findings import Finding, Location, Severity


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision file as it states itself. ``parents`` is its ``down_revision``, ``depends_on`` may hold labels."""

    version: str
    description: str
    file: Path
    parents: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    labelled: bool = False


def check_order(revisions: Sequence[Revision]) -> None:
    """Raise :class:`migsafe.errors.HistoryError` where Alembic can't order the revisions: a gap, or a cycle."""
    by_version = {revision.version: revision for revision in revisions}
    for revision in revisions:
        for parent in revision.parents:
            if parent not in by_version:
                raise HistoryError(
                    f"revision {revision.version} comes after {parent}, which is in no file",
                    where=_place(revision, "down_revision"),
                    hint="Put the missing file back, or let down_revision name the revision that really comes before.",
                )
    parents = {revision.version: {*revision.parents, *revision.depends_on} for revision in revisions}
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        raise HistoryError(
            f"the history is a cycle: {' → '.join(cycle)}",
            where=_place(by_version[cycle[0]], "down_revision"),
            hint="One of these must come first: correct its down_revision (or depends_on).",
        ) from error


def _place(revision: Revision, name: str) -> str:
    line = line_of(revision.file, name)
    return f"{revision.file}:{line}" if line else str(revision.file)


def problems_of(revisions: Sequence[Revision], locations: Iterable[Path]) -> Iterator[Finding]:
    """What is wrong with revisions that Alembic can order."""
    yield from _duplicates(revisions)
    yield from _several_heads(revisions)
    yield from _not_loaded(revisions, locations)
    for revision in revisions:
        yield from _no_way_back(revision)


def _duplicates(revisions: Sequence[Revision]) -> Iterator[Finding]:
    seen: dict[str, Revision] = {}
    for revision in revisions:
        first = seen.setdefault(revision.version, revision)
        if first is not revision:
            yield Finding(
                "history-duplicate-version",
                Severity.ERROR,
                f"Revision {revision.version} is in two files, {first.file.name} and {revision.file.name}, "
                "and Alembic runs only one of them.",
                "Give one of them a revision id of its own, and put it after the other (down_revision).",
                Location(revision.file, line_of(revision.file, "revision"), object=revision.version),
            )


def _several_heads(revisions: Sequence[Revision]) -> Iterator[Finding]:
    followed = {parent for revision in revisions for parent in revision.parents}
    heads = {revision.version: revision for revision in revisions if revision.version not in followed}
    if len(heads) < 2:
        return
    last = list(heads.values())[-1]
    on_purpose = any(revision.labelled for revision in revisions)
    yield Finding(
        "history-several-heads",
        Severity.WARNING if on_purpose else Severity.ERROR,
        f"The history has {len(heads)} heads ({', '.join(heads)}), so `alembic upgrade head` refuses to run.",
        "Deploy with `alembic upgrade heads`, since these are labelled branches."
        if on_purpose
        else f"Join them: alembic merge -m 'merge heads' {' '.join(heads)}",
        Location(last.file, line_of(last.file, "down_revision"), object=last.version),
    )


def _not_loaded(revisions: Sequence[Revision], locations: Iterable[Path]) -> Iterator[Finding]:
    loaded = {revision.file.resolve() for revision in revisions}
    for location in locations:
        for file in sorted(location.rglob("*.py")):
            if file.resolve() not in loaded and line_of(file, "down_revision"):
                yield Finding(
                    "history-file-not-loaded",
                    Severity.WARNING,
                    f"{file.name} looks like a revision, but Alembic does not load it from where it is.",
                    "Move it beside the others, or set recursive_version_locations or version_locations.",
                    Location(file),
                )


def _no_way_back(revision: Revision) -> Iterator[Finding]:
    down = way_back(revision.file)
    if down.exists:
        return
    missing, meant = down is WayBack.MISSING, down is WayBack.REFUSES
    yield Finding(
        "history-missing-down" if missing else "history-empty-down",
        Severity.NOTE if meant else Severity.WARNING,
        f"Revision {revision.version} can't be taken back: {down}.",
        ("Nothing, if that is meant; otherwise write" if meant else "Write") + " a downgrade() that undoes upgrade().",
        Location(revision.file, line_of(revision.file, "upgrade" if missing else "downgrade"), object=revision.version),
    )


class WayBack(StrEnum):
    """What a revision's ``downgrade()`` is good for."""

    THERE = "downgrade() does something"
    NOT_NEEDED = "upgrade() does nothing"
    MISSING = "there is no downgrade()"
    EMPTY = "downgrade() does nothing"
    REFUSES = "downgrade() only raises an error"

    @property
    def exists(self) -> bool:
        return self in (WayBack.THERE, WayBack.NOT_NEEDED)


def way_back(file: Path) -> WayBack:
    """What the ``downgrade()`` in this file is good for, by its text; a text that can't be read is trusted."""
    definitions = _definitions(file)
    if not definitions:
        return WayBack.THERE
    upgrade, downgrade = definitions.get("upgrade"), definitions.get("downgrade")
    if downgrade is None:
        return WayBack.MISSING
    if not isinstance(downgrade, ast.FunctionDef):
        return WayBack.THERE
    if not (work := _work(downgrade)):
        return WayBack.NOT_NEEDED if isinstance(upgrade, ast.FunctionDef) and not _work(upgrade) else WayBack.EMPTY
    return WayBack.REFUSES if isinstance(work[0], ast.Raise) else WayBack.THERE


def _work(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function that do something: no docstring, ``pass``, ``...`` or bare ``return``."""
    return [
        statement
        for statement in function.body
        if not isinstance(statement, ast.Pass)
        and not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        and not (isinstance(statement, ast.Return) and statement.value is None)
    ]


def line_of(file: Path, name: str) -> int | None:
    """The line on which a module defines ``name`` at its top level."""
    definition = _definitions(file).get(name)
    return definition.lineno if definition else None


def _definitions(file: Path) -> dict[str, ast.stmt]:
    """What a module defines at its top level, by name; nothing where its Python is newer than ours."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[str, ast.stmt] = {}
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name):
                found[name] = statement
            case ast.Assign(targets=targets):
                found |= {target.id: statement for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = statement
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                found |= {alias.asname or alias.name: statement for alias in names}
    return found
