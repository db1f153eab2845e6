"""A script applied twice to a catalog, and what that says of each of its statements.

Not statement by statement: whether CREATE INDEX can be run again depends on whether the script drops the index first,
and DROP … IF EXISTS is no guard where what it drops isn't made again. So the second run starts from the catalog that
the first one left, and what differs after it was changed twice. Rows aren't simulated: what needs them is left open.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from migsafe.catalog import Catalog, Effect
from migsafe.catalog.holdings import TEMPORARY
from migsafe.catalog.layers import Key, Layer, Value
from migsafe.catalog.objects import Named, Relation, Table
from migsafe.findings import Repeatable
from migsafe.rerun.names import missing_names
from migsafe.rerun.rows import class_of_rows
from migsafe.rerun.said import Said, is_guarded, is_known
from migsafe.sql.actions import Action, CreateIndex, Drop, DropColumn, DropConstraint, Rename
from migsafe.sql.names import quoted
from migsafe.sql.parsing import ParsedStatement, Within

Thing = tuple[str, str | None]
"""An object by its qualified name as SQL, and what of it: a column, a constraint; none for itself."""


@dataclass(frozen=True, slots=True)
class StatementRerun:
    """A statement and its class. ``refused`` is the server's error in the second run."""

    statement: ParsedStatement
    said: Said
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Rerun:
    """``answer`` is ``idempotent``, ``refuses`` or ``diverges``, as apply-twice has it, or leaves it open: ``depends on
    rows``, ``unknown``."""

    answer: str
    statements: tuple[StatementRerun, ...]


def rerun(statements: Sequence[ParsedStatement], before: Catalog, *, complete: bool = True) -> Rerun:
    """What a second run would do. ``before`` is the catalog that the first run finds; it is left as it is.

    ``complete`` is false where a part of the script could not be analysed: what it does is unknown then, but for a
    statement that is surely refused.
    """
    run = [each for each in statements if each.within is not Within.FUNCTION]
    catalog = before.ahead()
    catalog.begin_script()
    takes_away = any(isinstance(action, (Drop, DropColumn, Rename)) for each in run for action in each.actions)
    first = [_First(each, catalog, look=takes_away) for each in run]
    _end_session(catalog)
    once = catalog.copy()
    catalog.begin_script()
    second = [_Second(each, done, catalog) for each, done in zip(run, first, strict=True)]
    _end_session(catalog)
    changed = set(_differences(once, catalog))
    classed = tuple(StatementRerun(each.statement, each.said(changed), each.refusal) for each in second)
    return Rerun(_answer(classed, complete=complete, changed=bool(changed)), classed)


def _answer(classed: Sequence[StatementRerun], *, complete: bool, changed: bool) -> str:
    if any(each.refused for each in classed):
        return "refuses"
    answers = {each.said.leads_to for each in classed}
    if not complete or "unknown" in answers:
        return "unknown"
    if changed or "diverges" in answers:
        return "diverges"
    return "depends on rows" if "depends on rows" in answers else "idempotent"


class _First:
    """A statement in the first run: its effects are those on ``catalog``, which it changes.

    ``missing`` are the names that it finds missing, where ``look`` says that it matters: none of a valid script, but of
    what isn't understood here.
    """

    def __init__(self, statement: ParsedStatement, catalog: Catalog, *, look: bool) -> None:
        self.looked = look and statement.within is Within.SCRIPT and not statement.conditional
        self.missing = tuple(missing_names(statement, catalog)) if self.looked else ()
        self.effects = catalog.apply_all(statement.actions)


class _Second:
    """A statement in the second run: its effects are those on ``catalog``, which it changes."""

    def __init__(self, statement: ParsedStatement, first: _First, catalog: Catalog) -> None:
        self.statement = statement
        self.rows = [each for action in statement.actions if (each := class_of_rows(action, statement, catalog))]
        names = missing_names(statement, catalog) if first.looked else ()
        self.missing = next((each for each in names if each not in first.missing), "")
        self.effects = catalog.apply_all(statement.actions) if not statement.conditional else ()
        self.not_modelled = any(each.refusal for each in first.effects)
        self.refusal = "" if statement.conditional else self.missing or self._refusal()

    def _refusal(self) -> str:
        by_effects = (each.refusal.message for each in self.effects if each.refusal and not self.not_modelled)
        by_rows = (each.reason for each in self.rows if each.leads_to == "refuses")
        return next(chain(by_effects, by_rows), "")

    def said(self, changed: set[Thing]) -> Said:
        """The worst that can be said of the statement, ``changed`` being what the second run leaves otherwise."""
        if self.statement.conditional:
            return Said(Repeatable.GUARDED, "it stands under a condition, which isn't evaluated")
        if self.not_modelled:
            return Said(Repeatable.UNKNOWN, "the first run would be refused already, by what is known", "unknown")
        if self.missing:
            return Said(Repeatable.NOT_RE_RUNNABLE, self.missing)
        if touched := sorted(_things(self.effects) & changed, key=str):
            return Said(Repeatable.DANGEROUS, f"the second run leaves {_spoken(touched[0])} otherwise", "diverges")
        pairs = zip(self.statement.actions, self.effects, strict=False)
        each = [*self.rows, *(_of_effect(action, effect) for action, effect in pairs)]
        order = list(Repeatable)
        return max(each, key=lambda said: order.index(said.repeatable), default=Said(Repeatable.RE_RUNNABLE))


def _of_effect(action: Action, effect: Effect) -> Said:
    if effect.refusal:
        if isinstance(action, (Drop, DropColumn, DropConstraint)):
            return Said(Repeatable.DANGEROUS, f"{effect.refusal.message}; and it drops what was made anew since")
        return Said(Repeatable.NOT_RE_RUNNABLE, effect.refusal.message)
    if isinstance(action, CreateIndex) and action.concurrently and effect.skipped:
        return Said(Repeatable.DANGEROUS, "IF NOT EXISTS passes over an index that a broken build left invalid")
    if effect.skipped or is_guarded(action):
        return Said(Repeatable.GUARDED)
    return is_known(action) or Said(Repeatable.RE_RUNNABLE)


def _end_session(catalog: Catalog) -> None:
    """Temporary tables go with the session; a second run is another one."""
    for key in _touched(catalog.relations):
        if key[0] == TEMPORARY:
            catalog.relations.pop(key, None)


def _things(effects: Sequence[Effect]) -> set[Thing]:
    return {
        (str(each.name), each.part) for effect in effects for each in (*effect.made, *effect.changed, *effect.dropped)
    }


def _spoken(thing: Thing) -> str:
    return thing[0] if thing[1] is None else f"{thing[0]}.{quoted(thing[1])}"


def _touched(mapping: MutableMapping[Key, Value]) -> tuple[Key, ...]:
    """The keys that the runs wrote to; all others are as before them."""
    return tuple(mapping.written) if isinstance(mapping, Layer) else tuple(mapping)


def _differences(once: Catalog, twice: Catalog) -> Iterator[Thing]:
    """What ``twice``, which became of ``once``, has in different ways, whoever made it."""
    for key in _touched(twice.relations):
        one, two = once.relations.get(key), twice.relations.get(key)
        if one is not two:
            yield from _of_relation(one, two)
    for other in _touched(twice.others):
        before, after = once.others.get(other), twice.others.get(other)
        if before is after:
            continue
        if before is None or after is None or _ageless(before) != _ageless(after):
            name = before or after
            assert name is not None
            yield str(name.name), None


def _ageless(named: Named) -> Named:
    return replace(named, made_in=0)


def _of_relation(one: Relation | None, two: Relation | None) -> Iterator[Thing]:
    known = one or two
    assert known is not None
    name = str(known.name)
    if not isinstance(one, Table) or not isinstance(two, Table):
        if one is None or two is None or replace(one, made_in=0) != replace(two, made_in=0):
            yield name, None
        return
    for column in one.columns.keys() | two.columns.keys():
        if one.columns.get(column) != two.columns.get(column):
            yield name, column
    for constraint in one.constraints.keys() | two.constraints.keys():
        a, b = one.constraints.get(constraint), two.constraints.get(constraint)
        if a is None or b is None or replace(a, made_in=0) != replace(b, made_in=0):
            yield name, constraint
    yield from ((name, part) for _, part in one.parts ^ two.parts)
