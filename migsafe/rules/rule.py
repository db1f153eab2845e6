"""What a rule is: data that says what the hazard is, and a pure function that finds it in one action."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from migsafe.findings import Severity
from migsafe.rules.claims import Claim
from migsafe.rules.edits import Fix
from migsafe.sql.actions import Action
from migsafe.sql.names import Name

if TYPE_CHECKING:
    from migsafe.rules.context import Context


class Confidence(StrEnum):
    """How surely the text alone tells: the sandbox confirms or withdraws what is only likely."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Match:
    """A hazard in one action. ``message`` is one sentence that names the object, the lock and whom it blocks.

    ``rewrite`` is what to write instead, in the user's own names: SQL, or words where SQL can't say it. ``object`` is
    what it is about. ``fixes`` are changes of the script that leave the same schema behind, each in place of the
    others; the first one is taken that the whole script is better with, in the transactions it then runs in.
    """

    message: str
    rewrite: str | None = None
    object: Name | str | None = None
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One hazard.

    ``id`` is in words, ``hazard`` its number in docs/rules.md. ``aliases`` are the ids that other linters use for it;
    ignore comments may name them. ``on`` are the classes of actions that ``find`` is called with, in the order of the
    script, before the catalog is changed by them. ``explanation`` says what happens and to whom. ``bad`` and ``good``
    are scripts: the rule finds something in the first and nothing in the second; ``given`` is a script of an earlier
    migration that both come after. ``in_transaction`` says whether the examples run in one transaction.
    ``claims`` are what a server shows of the bad example and not of the good one; ``production`` is SQL for what such a
    server has besides ``given``, where rows in every table won't do. ``since`` is the first major version that can run
    both. ``in_functions``: look into the bodies of functions as well, which the script doesn't run.
    """

    id: str
    hazard: str
    title: str
    explanation: str
    on: tuple[type[Action], ...]
    find: Callable[[Any, Context], Iterable[Match]]
    bad: str
    good: str
    given: str = ""
    claims: tuple[Claim, ...] = ()
    production: str = ""
    since: int = 0
    severity: Severity = Severity.WARNING
    confidence: Confidence = Confidence.CERTAIN
    aliases: tuple[str, ...] = ()
    default: bool = True
    in_transaction: bool = False
    in_functions: bool = False
