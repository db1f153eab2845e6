"""The rules on a script: each action in turn, with the catalog as it stands right before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from migsafe.catalog import Catalog
from migsafe.findings import Evidence, Finding
from migsafe.lint.blur import blur, blur_by
from migsafe.lint.script import NotAnalysed, Script
from migsafe.rules import Match, Rule, rules
from migsafe.rules.context import OLDEST_VERSION, Context, Step, step_of
from migsafe.rules.edits import Fix
from migsafe.rules.syntax_error import RULE as SYNTAX_ERROR
from migsafe.sql.actions import Action, EndOfScript
from migsafe.sql.parsing import ParsedStatement, Within


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, the statement it is about, and the changes of the script that would make it go away."""

    finding: Finding
    statement: ParsedStatement
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True)
class Linter:
    """The chosen rules and what they are told. ``server_version`` is a major version."""

    rules: Sequence[Rule] = field(default_factory=lambda: tuple(rule for rule in rules().values() if rule.default))
    server_version: int = OLDEST_VERSION
    settings: Mapping[str, str] = field(default_factory=dict)

    def lint(self, script: Script, catalog: Catalog) -> tuple[Finding, ...]:
        """What the rules find in a script. ``catalog`` is what was there before, and holds what is there after."""
        found = [each.finding for each in self.find(script, catalog)]
        if any(rule is SYNTAX_ERROR for rule in self.rules):
            found += (_refused(piece, script) for piece in script.not_analysed if piece.refused)
        return tuple(found)

    def find(self, script: Script, catalog: Catalog) -> list[Found]:
        """As :meth:`lint`, with the statements and the fixes."""
        catalog.begin_script()
        blur(script, catalog)
        steps = list(_steps(script))
        found: list[Found] = []
        for number, written in enumerate(steps):
            step = steps[number] = step_of(written.action, written.statement, written.transaction, catalog)
            listening = self._listening.get(type(step.action), ())
            if listening:
                context = Context(steps, number, catalog, self.server_version, self.settings)
                for rule in listening:
                    if step.statement.within is not Within.FUNCTION or rule.in_functions:
                        found += (
                            Found(_finding(rule, match, step, script), step.statement, match.fixes)
                            for match in rule.find(step.action, context)
                        )
            if step.statement.within is not Within.FUNCTION:
                catalog.apply(step.action)
                blur_by(step.statement, catalog)
        return found

    @cached_property
    def _listening(self) -> Mapping[type[Action], tuple[Rule, ...]]:
        """The rules that are to be called for an action."""
        found: dict[type[Action], tuple[Rule, ...]] = {}
        for rule in self.rules:
            for kind in rule.on:
                found[kind] = (*found.get(kind, ()), rule)
        return found


def follow(script: Script, catalog: Catalog) -> None:
    """Change the catalog as the script would, and ask no rule."""
    catalog.begin_script()
    blur(script, catalog)
    for statement in script.statements:
        if statement.within is not Within.FUNCTION:
            for action in statement.actions:
                catalog.apply(action)
            blur_by(statement, catalog)


def _steps(script: Script) -> Iterator[Step]:
    for statement, transaction in zip(script.statements, script.transactions, strict=True):
        for action in statement.actions:
            yield Step(action, statement, transaction)
    if script.statements and not any(piece.run for piece in script.not_analysed):  # else the end was not seen
        yield Step(EndOfScript(script.committed), script.statements[-1], None)


def _finding(rule: Rule, match: Match, step: Step, script: Script) -> Finding:
    location = script.place(step.statement.offset)
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        message=match.message,
        remedy=match.rewrite,
        location=replace(location, object=str(match.object) if match.object else None),
        evidence=(Evidence("statement", _shown(step.statement)),),
    )


def _refused(piece: NotAnalysed, script: Script) -> Finding:
    where = script.name if script.file is None else script.file.name
    message = f"PostgreSQL's grammar refuses a statement of {where}: {piece.reason}."
    return Finding(SYNTAX_ERROR.id, SYNTAX_ERROR.severity, message, "Correct it.", piece.location)


_LINES_SHOWN = 6


def _shown(statement: ParsedStatement) -> str:
    lines = statement.text.splitlines()
    return "\n".join((*lines[:_LINES_SHOWN], *(("…",) if len(lines) > _LINES_SHOWN else ())))
