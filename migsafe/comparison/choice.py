"""Which tables, columns and sequences are compared, and which of them belong together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Generic

from migsafe.comparison.renames import paired, parts_of
from migsafe.errors import UsageError
from migsafe.rows.tables import Chooses, Found, Held


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants compared.

    Patterns (``*``, ``?``, ``[…]``, by case) are for ``schema.table``, or for the table alone if they have no point;
    what is chosen, or excluded, takes its partitions and sequences along;
    those of columns for ``schema.table.column``, ``table.column`` or the column alone. ``renames`` go from the old
    side's name to the new one's. ``where`` is an SQL condition on each table, ``sample`` the part of the rows that is
    compared, by the hash of their key. ``limit`` is how many rows of a table are shown.
    """

    tables: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ignore_columns: tuple[str, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    where: str | None = None
    sample: float = 1.0
    limit: int = 20
    workers: int = 1
    statement_timeout: str = "0"

    def chooses(self, name: str, whole: str | None = None) -> bool:
        """Whether a table, by its printed name, or a sequence is to be compared.

        ``whole`` is the partitioned table that it is a partition of, or the table that the sequence fills.
        """
        names = [name] if whole is None else [name, whole]
        if self.tables and not any(_matches(each, self.tables) for each in names):
            return False
        return not any(_matches(each, self.exclude) for each in names)

    def from_origins(self, origins: Mapping[str, str]) -> Chooses:
        """As :meth:`chooses`, of the new side, by the old names that tables there had."""

        def chooses(name: str, whole: str | None) -> bool:
            return self.chooses(origins.get(name, name), origins.get(whole, whole) if whole else None)

        return chooses

    def reads(self, name: str, whole: str | None = None) -> bool:
        """As :meth:`chooses`, of the new side, where a table that is chosen may have another name."""
        return self.chooses(name, whole) or any(
            _matches(each, self.renames.values()) for each in (name, whole) if each is not None
        )

    def require_found(self, names: Iterable[str]) -> None:
        """Raise :class:`UsageError` for a pattern of tables that chooses none of these: it may be misspelt."""
        there = [*names]
        for pattern in self.tables:
            if not any(_matches(name, [pattern]) for name in there):
                raise UsageError(
                    f"--tables {pattern} chooses nothing: there is no such table or sequence that isn't excluded",
                    hint="Write table, schema.table or a pattern such as 'shop.*', each in an option of its own.",
                )

    def ignores(self, table: str, column: str) -> bool:
        return _matches(f"{table}.{_quoted(column)}", self.ignore_columns)


@dataclass(frozen=True, slots=True)
class Matched:
    """Two tables that belong together, with the columns that were renamed and those that are ignored, by old name."""

    old: str
    new: str
    renamed: Mapping[str, str]
    ignored: frozenset[str]


@dataclass(frozen=True, slots=True)
class Chosen(Generic[Held]):
    """The tables of both sides that are chosen, partitioned ones as wholes where both sides have all of them.

    ``pairs`` are those that belong together. ``not_checked`` says what one side or the other can't read. ``origins``
    are the old names of tables that are renamed, by the new ones. ``names`` are all that are chosen.
    """

    old: Mapping[str, Held]
    new: Mapping[str, Held]
    pairs: tuple[Matched, ...]
    not_checked: Mapping[str, str]
    origins: Mapping[str, str]
    names: frozenset[str]

    @property
    def only_old(self) -> dict[str, Held]:
        """Tables that the new side lacks."""
        paired = {each.old for each in self.pairs}
        return {name: table for name, table in self.old.items() if name not in paired | self.not_checked.keys()}

    @property
    def only_new(self) -> dict[str, Held]:
        """Tables that the old side lacks."""
        paired = {each.new for each in self.pairs}
        return {name: table for name, table in self.new.items() if name not in paired | self.not_checked.keys()}


def choose(
    old: Found[Held], new: Found[Held], choice: Choice, columns: Callable[[Held], Iterable[str]]
) -> Chosen[Held]:
    """Choose and pair the tables by the old names. Raises :class:`UsageError` for renames of nothing.

    ``columns`` are the names of a table's columns.
    """
    names = [{name: [*columns(table)] for name, table in side.tables.items()} for side in (old, new)]
    renamed, renamed_columns = paired(names[0], names[1], choice.renames)
    origins = {theirs: ours for ours, theirs in renamed.items()}
    before, after = old.chosen(choice.chooses), new.chosen(choice.from_origins(origins))
    ours = before.wholes(before.divided | {origins.get(name, name) for name in after.divided})
    theirs = after.wholes(after.divided | {renamed.get(name, name) for name in before.divided})
    not_checked = {**after.refused, **before.refused}
    pairs = [
        Matched(
            name,
            other,
            renamed_columns.get(name, {}),
            frozenset(each for each in {*names[0][name], *names[1][other]} if choice.ignores(name, each)),
        )
        for name in sorted(ours.keys() - not_checked.keys())
        if (other := renamed.get(name, name)) in theirs
    ]
    return Chosen(ours, theirs, tuple(pairs), not_checked, origins, before.names | after.names)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    parts = parts_of(name)
    endings = [".".join(parts[start:]) for start in range(len(parts))]
    return any(
        pattern == name or any(fnmatchcase(each, pattern) for each in endings if each.count(".") == pattern.count("."))
        for pattern in patterns
    )


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
