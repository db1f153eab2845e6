"""YAML as OpenAPI has it: the JSON schema of YAML 1.2, in which ``no`` and ``2024-01-01`` are texts, with its lines."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from migsafe.contract.objects import Object
from migsafe.errors import UsageError

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_SCALARS = (
    (re.compile(r"(?:null|Null|NULL|~|)"), lambda _: None),
    (re.compile(r"(?:true|True|TRUE)"), lambda _: True),
    (re.compile(r"(?:false|False|FALSE)"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), float),
)


_BEGUN = object()
"""Stands for the value of a node that is not read to its end yet."""


def read_yaml(text: str, file: Path) -> Any:
    """The one document in ``text``. Raises :class:`UsageError` with line and column."""
    try:
        node = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
        raise UsageError(f"this is not YAML: {error.problem}", where=where) from error
    except yaml.YAMLError as error:
        raise UsageError(f"this is not YAML: {error}", where=str(file)) from error
    return _value(node, file, {}) if node else None


def _value(node: Any, file: Path, done: dict[int, Any]) -> Any:
    """The value of a node; an alias gives the very value that its anchor gave."""
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if id(node) in done:
        if done[id(node)] is _BEGUN:
            where = f"{file}:{node.start_mark.line + 1}"
            raise UsageError("an alias leads back to what it stands in", where=where)
        return done[id(node)]
    done[id(node)] = _BEGUN
    if isinstance(node, yaml.SequenceNode):
        values = done[id(node)] = [_value(each, file, done) for each in node.value]
        return values
    found = Object({}, file)
    for key, value in node.value:
        read = _value(value, file, done)
        if key.value == "<<" and not key.style and isinstance(read, Object):
            for name, each in read.items():
                found.setdefault(name, each)
            continue
        found[str(key.value)] = read
        found.lines[str(key.value)] = key.start_mark.line + 1
    done[id(node)] = found
    return found


def _scalar(node: Any) -> Any:
    if node.style in ("'", '"', "|", ">"):
        return node.value
    try:
        return next((read(node.value) for pattern, read in _SCALARS if pattern.fullmatch(node.value)), node.value)
    except ValueError:  # of more digits than Python reads
        return node.value
