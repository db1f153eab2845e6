"""Alembic revisions as values, and what can be wrong with a set of them. Reads files, runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
                f"revision {revision.version} is in two files, and Alembic runs only one of them: "
                f"{first.file.name} and {revision.file.name}",
                "Give one of them a new revision id, and put it after the other (down_revision).",
                Location(revision.file, line_of(revision.file, "revision"), object=revision.version),
            )


def _several_heads(revisions: Sequence[Revision]) -> Iterator[Finding]:
    passed = {parent for revision in revisions for parent in revision.parents}
    heads = [revision for revision in revisions if revision.version not in passed]
    if len({head.version for head in heads}) < 2:
        return
    names = [head.version for head in heads]
    on_purpose = any(revision.labelled for revision in revisions)
    yield Finding(
        "history-several-heads",
        Severity.WARNING if on_purpose else Severity.ERROR,
        f"the history has {len(heads)} heads ({', '.join(names)}), so `alembic upgrade head` refuses to run",
        "Deploy with `alembic upgrade heads`, since these are labelled branches."
        if on_purpose
        else f"Join them: alembic merge -m 'merge heads' {' '.join(names)}",
        Location(heads[-1].file, line_of(heads[-1].file, "down_revision"), object=heads[-1].version),
    )


def _not_loaded(revisions: Sequence[Revision], locations: Iterable[Path]) -> Iterator[Finding]:
    loaded = {revision.file.resolve() for revision in revisions}
    for location in locations:
        for file in sorted(location.rglob("*.py")):
            if file.resolve() not in loaded and line_of(file, "down_revision"):
                yield Finding(
                    "history-file-not-loaded",
                    Severity.WARNING,
                    f"{file.name} looks like a revision, but Alembic does not load it from where it is",
                    "Move it beside the others, or set recursive_version_locations or version_locations.",
                    Location(file),
                )


def _no_way_back(revision: Revision) -> Iterator[Finding]:
    if reason := no_way_back(revision.file):
        yield Finding(
            "history-no-way-back",
            Severity.WARNING,
            f"revision {revision.version} can't be taken back: {reason}",
            "Write downgrade() so that it undoes upgrade(), or say in it why that can't be.",
            Location(revision.file, line_of(revision.file, "downgrade"), object=revision.version),
        )


def no_way_back(file: Path) -> str | None:
    """Why ``downgrade()`` in this file undoes nothing; none when it does something, or when there is nothing to undo."""
    definitions = _definitions(file)
    downgrade = definitions.get("downgrade")
    if not definitions:
        return None
    if downgrade is None:
        return "it has no downgrade()"
    if not isinstance(downgrade, ast.FunctionDef):
        return None
    work = _work(downgrade)
    upgrade = definitions.get("upgrade")
    if not work:
        empty_upgrade = isinstance(upgrade, ast.FunctionDef) and not _work(upgrade)
        return None if empty_upgrade else "its downgrade() does nothing"
    return "its downgrade() only raises" if isinstance(work[0], ast.Raise) else None


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
