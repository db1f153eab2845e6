"""An OpenAPI document as a value: plain dictionaries that know where they stand, with their references followed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from migsafe.contract.objects import Object
from migsafe.errors import CannotCheck, UsageError
from migsafe.git import complaint, run_git

Read = Callable[[Path], str]
"""Gives the text of a file; raises :class:`FileNotFoundError` when there is none."""


@dataclass(frozen=True)
class Document:
    """A document and the files that it refers to. ``name`` is how the user named it.

    ``followed`` keeps what was made of references with keywords beside them, so that each is one object.
    """

    name: str
    file: Path
    read: Read
    files: dict[Path, Object] = field(default_factory=dict)
    followed: dict[int, Any] = field(default_factory=dict)

    @property
    def root(self) -> Object:
        return self._load(self.file)

    def follow(self, value: Any) -> Any:
        """The value itself, or what its ``$ref`` leads to, however many steps that takes.

        Keywords beside the reference are laid over it, as OpenAPI 3.1 has it. Raises :class:`UsageError` for a
        reference to nowhere, to itself, or to another host.
        """
        holder, seen = value, list[str]()
        if id(holder) in self.followed:
            return self.followed[id(holder)]
        beside: dict[str, Any] = {}
        while isinstance(value, Object) and isinstance(value.get("$ref"), str):
            reference = f"{value.file}: {value['$ref']}"
            if reference in seen:
                raise UsageError(f"$ref {value['$ref']!r} leads back to itself", where=_where(value))
            seen.append(reference)
            beside = {**{key: each for key, each in value.items() if key != "$ref"}, **beside}
            value = self._target(value)
        said = {key: each for key, each in beside.items() if key not in ("description", "summary")}
        if said and isinstance(value, Object):
            value = self.followed[id(holder)] = Object({**value, **said}, value.file, value.lines)
        return value

    def _target(self, holder: Object) -> Any:
        reference: str = holder["$ref"]
        path, _, pointer = reference.partition("#")
        if re.match(r"[a-z][a-z0-9+.-]*:|//", path, re.IGNORECASE):
            raise UsageError(
                f"$ref {reference!r} leads to another host, and nothing is fetched from there",
                where=_where(holder),
                hint="Put a copy of that document beside this one and refer to it by its name.",
            )
        value: Any = self._load((holder.file.parent / unquote(path)) if path else holder.file, holder)
        for step in filter(None, pointer.split("/")):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            elif isinstance(value, Object) and key in value:
                value = value[key]
            else:
                raise UsageError(f"$ref {reference!r} leads nowhere: there is no {key!r}", where=_where(holder))
        return value

    def _load(self, file: Path, holder: Object | None = None) -> Object:
        if file not in self.files:
            try:
                text = self.read(file)
            except OSError as error:
                where = _where(holder) if holder else None
                raise UsageError(
                    f"{file} can't be read: {error.strerror or 'there is no such file'}", where=where
                ) from error
            except ValueError as error:  # a name that no file can have
                where = _where(holder) if holder else None
                raise UsageError(f"{str(file)!r} can't be read: {error}", where=where) from error
            self.files[file] = parse(text, file)
        return self.files[file]


def open_document(name: str, root: Path) -> Document:
    """The document of this name: a file, or ``file@ref`` for the file as it is at a git ref.

    Raises :class:`UsageError` when it can't be read or is no OpenAPI 3.0 or 3.1 document.
    """
    path, at, ref = name.rpartition("@")
    by_git = bool(at) and not (root / name).exists()
    file = root / (path if by_git else name)
    document = Document(name, file, _git_reader(ref) if by_git else _read_file)
    version = document.root.get("openapi")
    if not re.match(r"3\.[01]\.", str(version)):
        said = f"says openapi: {version}" if version else "says no `openapi` version"
        raise UsageError(f"this is no OpenAPI 3.0 or 3.1 document: it {said}", where=name)
    return document


def parse(text: str, file: Path) -> Object:
    """A JSON or YAML text as an object. Raises :class:`UsageError` with the place of what is wrong."""
    try:
        value = _from_json(text, file) if file.suffix == ".json" else _from_yaml(text, file)
    except RecursionError as error:
        raise UsageError("this document is nested too deeply", where=str(file)) from error
    if not isinstance(value, Object):
        raise UsageError("this document must be an object (a mapping of names to values)", where=str(file))
    return value


def _from_json(text: str, file: Path) -> Any:
    """JSON by its own rules first; then its lines by those of YAML, where that reads the same (it mostly does)."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"this is not JSON: {error.msg}", where=f"{file}:{error.lineno}:{error.colno}") from error
    except ValueError as error:
        raise UsageError(f"this JSON can't be read: {error}", where=str(file)) from error
    try:
        placed = _from_yaml(text, file)
    except (UsageError, CannotCheck):
        return _without_lines(value, file)
    return placed if placed == value else _without_lines(value, file)


def _without_lines(value: Any, file: Path) -> Any:
    if isinstance(value, dict):
        return Object({key: _without_lines(each, file) for key, each in value.items()}, file)
    return [_without_lines(each, file) for each in value] if isinstance(value, list) else value


def _from_yaml(text: str, file: Path) -> Any:
    try:
        from migsafe.contract.yaml import read_yaml
    except ImportError as error:
        raise CannotCheck(
            "PyYAML is needed to read OpenAPI documents, and isn't here",
            where=str(file),
            hint="pip install 'migsafe-postgres[contract]'",
        ) from error
    return read_yaml(text, file)


def _read_file(file: Path) -> str:
    return _decoded(file.read_bytes(), file)


def _decoded(content: bytes, file: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"this is not UTF-8 (byte {error.start})", where=str(file)) from error


def _git_reader(ref: str) -> Read:
    """Reads files as they are at the ref, each by its path in its repository."""

    def read(file: Path) -> str:
        there = next(each for each in file.absolute().parents if each.is_dir())  # a directory may be gone since
        inside = file.absolute().relative_to(there).as_posix()
        shown = run_git(there, "show", "--end-of-options", f"{ref}:./{inside}")
        if shown.returncode:
            raise FileNotFoundError(2, f"git: {complaint(shown)}")
        return _decoded(shown.stdout, file)

    return read


def _where(value: Object) -> str:
    return str(value.place("$ref"))
