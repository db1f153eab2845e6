"""Whether a column's new type takes every value that the old one took, and gives every value that it gave."""

from __future__ import annotations

import re
from enum import Enum, auto

_PARTS = re.compile(r"([a-z ]+?)(?:\((\d+)(?:,(-?\d+))?\))?( with(?:out)? time zone)?(\[\])?")
_WHOLE = {"smallint": 5, "integer": 10, "bigint": 19}
"""Decimal digits that every value fits in."""


class Fit(Enum):
    """How a new type stands to the old one."""

    WIDER = auto()
    NARROWER = auto()
    OTHER = auto()


def fit(old: str, new: str) -> Fit:
    """Told from the types' printed names (``character varying(40)``, ``numeric(10,2)``)."""
    before, after = _PARTS.fullmatch(old), _PARTS.fullmatch(new)
    if before is None or after is None or bool(before[5]) != bool(after[5]):
        return Fit.OTHER
    if before[4] != after[4] or (_moment(before) and before[1] != after[1]):
        return Fit.OTHER
    for family in (_text, _number, _float, _moment):
        sizes = family(before), family(after)
        if sizes[0] is not None and sizes[1] is not None:
            wider = all(a <= b for a, b in zip(sizes[0], sizes[1], strict=True))
            return Fit.WIDER if wider else Fit.NARROWER
    return Fit.OTHER


Sizes = tuple[float, ...] | None


def _text(match: re.Match[str]) -> Sizes:
    if match[1] == "text":
        return (float("inf"),)
    return (float(match[2] or "inf"),) if match[1] == "character varying" else None


def _number(match: re.Match[str]) -> Sizes:
    """Digits before and after the point."""
    if match[1] in _WHOLE:
        return (_WHOLE[match[1]], 0)
    if match[1] != "numeric":
        return None
    if match[2] is None:
        return (float("inf"), float("inf"))
    scale = int(match[3] or 0)
    return (int(match[2]) - scale, scale)


def _float(match: re.Match[str]) -> Sizes:
    sizes = {"real": 1.0, "double precision": 2.0}
    return (sizes[match[1]],) if match[1] in sizes else None


def _moment(match: re.Match[str]) -> Sizes:
    """Fractional digits of a second."""
    return (float(match[2] or 6),) if match[1] in ("timestamp", "time") else None
