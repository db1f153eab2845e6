"""What a change means: it depends on who writes the value and who reads it.

A *request* is written by old clients and read by the new server, so whatever was allowed must stay allowed: what is
narrower breaks. A *response* is written by the new server and read by old clients: what is wider breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from migsafe.findings import Evidence, Finding, Location, Severity
from migsafe.plain import first_lines

USES_SHOWN = 5


class Side(StrEnum):
    """Which way a value goes."""

    REQUEST = "request"
    RESPONSE = "response"

    @property
    def other(self) -> Side:
        """The way back: a webhook's request is written by the server."""
        return Side.RESPONSE if self is Side.REQUEST else Side.REQUEST


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that matters to a client. ``rule`` is one of those that docs/contract.md lists."""

    rule: str
    severity: Severity
    message: str
    location: Location
    remedy: str | None = None

    def finding(self, uses: tuple[str, ...] = ()) -> Finding:
        """As a finding, with the operations in which the value goes over the wire."""
        evidence = (Evidence("in", "\n".join(first_lines(uses, USES_SHOWN))),) if uses else ()
        return Finding(self.rule, self.severity, self.message, self.remedy, self.location, evidence)


def narrowed(side: Side, what: str, message: str, location: Location, hard: Severity) -> Iterator[Change]:
    """Fewer values are allowed than before: of concern in requests."""
    if side is Side.REQUEST:
        yield Change(f"contract-request-{what}", hard, message, location)


def widened(side: Side, what: str, message: str, location: Location, hard: Severity) -> Iterator[Change]:
    """More values are possible than before: of concern in responses."""
    if side is Side.RESPONSE:
        yield Change(f"contract-response-{what}", hard, message, location)
