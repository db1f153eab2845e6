"""What a comparison found, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migsafe.comparison.sequences import SequencesDifference
from migsafe.errors import ExitCode
from migsafe.rows.compare import RowDifference

MATERIALIZED = (
    "a materialized view holds what its last REFRESH found, and a restore refreshes it: one that was stale differs "
    "then, and nothing is lost. Refreshed on both sides, it tells; --exclude leaves it out"
)


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One of the two: ``kind`` is database, fingerprint or snapshot; ``name`` its address or path."""

    kind: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class ComparedTable:
    """One table and what differs in it.

    ``name`` is the old side's; ``new_name`` the new side's if that is another. ``rows`` counts what was compared on
    each side. ``missing``, ``extra`` and ``changed`` are exact, and none where a side is no live database. ``columns``
    are those that differ: in how many of the first ``looked_into`` changed rows, or none where that isn't known.
    ``buckets`` says in how many parts of how many a table differs, where only digests are there. What follows was not
    compared: ``only_old`` and ``only_new`` (columns that one side lacks); ``retyped`` was compared by its text.
    ``by_key``: rows were matched by primary key. ``samples`` are the first rows that differ. ``materialized``: it is a
    view, on one side at least, that holds what its last refresh found. ``unread``: it differs, and which rows do could
    not be read.
    """

    name: str
    new_name: str | None = None
    rows: tuple[int, int] = (0, 0)
    missing: int | None = None
    extra: int | None = None
    changed: int | None = None
    columns: Mapping[str, int | None] = field(default_factory=dict)
    looked_into: int = 0
    buckets: tuple[int, int] | None = None
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    by_key: bool = True
    samples: tuple[RowDifference, ...] = ()
    whole_rows: bool = False
    materialized: bool = False
    unread: bool = False

    @property
    def differs(self) -> bool:
        counts = (self.missing, self.extra, self.changed)
        return any(counts) or self.rows[0] != self.rows[1] or bool(self.columns) or self.whole_rows or self.unread

    @property
    def unseen(self) -> int:
        """How many rows differ that are not among the samples, copies of one row counted each."""
        shown = sum(sample.copies for sample in self.samples)
        return (self.missing or 0) + (self.extra or 0) + (self.changed or 0) - shown


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two sides differ in. ``only_old`` and ``only_new`` are tables that one side lacks, and their rows.

    Of sequences only those make a difference that stand elsewhere.
    """

    old: ComparedSide
    new: ComparedSide
    tables: tuple[ComparedTable, ...] = ()
    only_old: Mapping[str, int] = field(default_factory=dict)
    only_new: Mapping[str, int] = field(default_factory=dict)
    sequences: SequencesDifference = field(default_factory=SequencesDifference)
    not_checked: Mapping[str, str] = field(default_factory=dict)
    sample: float = 1.0
    where: str | None = None
    seconds: float = 0.0

    @property
    def differs(self) -> bool:
        """Whether anything that was compared differs. An empty table that one side lacks holds nothing that does."""
        lacking = (*self.only_old.values(), *self.only_new.values())
        return any(table.differs for table in self.tables) or any(lacking) or bool(self.sequences.changes)

    @property
    def notes(self) -> tuple[str, ...]:
        """Why something may differ, and what this comparison can't show."""
        views = (f"{table.name}: {MATERIALIZED}" for table in self.tables if table.differs and table.materialized)
        return (*views, *self._not_shown)

    @property
    def _not_shown(self) -> tuple[str, ...]:
        stored = [f"the {side.kind} {side.name}" for side in (self.old, self.new) if side.kind != "database"]
        if not stored or not self.differs:
            return ()
        hold = "hold digests and no rows" if len(stored) > 1 else "holds digests and no rows"
        live = "which rows differ is seen between two live databases (migsafe snapshot restore makes one)"
        return (f"{' and '.join(stored)} {hold}; {live}",)

    @property
    def exit_code(self) -> ExitCode:
        """1 if something differs; 3 if something could not be compared; 0 only if all was, and is equal."""
        if self.differs:
            return ExitCode.UNSAFE
        return ExitCode.CANNOT_CHECK if self.not_checked else ExitCode.SAFE
