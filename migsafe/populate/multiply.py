"""Each table's rows several times over, without a row through Python: existing rows stay, copies get keys of their own.

A key and all columns that refer to it make one *class*, and a class is shifted as a whole: copy number n of an order
refers to copy number n of its customer. Of each unique key one column that can be shifted is, and of a table whose key
has none no row is copied; what refers to such a table keeps referring to its old rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from migsafe.populate.shifts import RANKS, Shift, measures, shift_of
from migsafe.populate.tables import Column, Key, Reference, Table, find_references, find_tables, referred_first

if TYPE_CHECKING:
    from migsafe.postgres.names import TableName


@dataclass(frozen=True, slots=True)
class Multiplied:
    """How many rows each table has now, by its printed name, and why of some no row was copied."""

    rows: Mapping[str, int]
    refused: Mapping[str, str] = field(default_factory=dict)


def multiply(
    connection: psycopg.Connection,
    factor: int,
    *,
    ignore: Collection[TableName] = (),
    keys: Mapping[int, Sequence[Key]] = MappingProxyType({}),
) -> Multiplied:
    """Make each of the user's tables have ``factor`` times its rows; all or none of a table's.

    ``ignore`` are tables that are left as they are (a tool's version tables). ``keys`` are unique keys that a table
    does not have yet, by its oid: the copies keep them, so that they can be made afterwards. Sequences are moved beyond
    the new values. Triggers are not fired (``session_replication_role = replica``, manual 20.11.1), so foreign keys are
    not checked but kept by construction; where that may not be set, tables with triggers are left. Checks, NOT NULL,
    unique and exclusion constraints hold as ever: what they refuse is told with the server's reason. The connection
    must be idle, in autocommit. One INSERT a table, in one transaction. Locks: ROW EXCLUSIVE on every table until the
    end.
    """
    if factor < 1:
        raise ValueError(f"rows can't be multiplied by {factor}")
    with connection.transaction():
        fires = not _without_triggers(connection)
        tables = tuple(
            replace(table, keys=(*table.keys, *keys.get(table.oid, ()))) for table in find_tables(connection, ignore)
        )
        work = _Multiplication(connection, factor - 1, tables, find_references(connection, tables))
        work.refuse_triggers(fires=fires)
        while not work.copied():
            pass
        work.move_sequences()
    rows = {table.printed: work.rows[table] * (1 if table in work.refused else factor) for table in tables}
    return Multiplied(rows, {table.printed: reason for table, reason in work.refused.items() if work.rows[table]})


def _without_triggers(connection: psycopg.Connection) -> bool:
    try:
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


_ColumnOf = tuple[Table, str]

_Shifts = Mapping[_ColumnOf, Shift]


class _Multiplication:
    """The tables, what is known of their values, and which are refused, which may become more while copying."""

    def __init__(
        self,
        connection: psycopg.Connection,
        copies: int,
        tables: tuple[Table, ...],
        references: tuple[Reference, ...],
    ) -> None:
        self.connection = connection
        self.copies = copies
        self.tables = referred_first(tables, references)
        self.references = references
        self.refused: dict[Table, str] = {}
        self.rows: dict[Table, int] = {}
        self.ranges: dict[_ColumnOf, tuple[Decimal, Decimal]] = {}
        self.shifts: _Shifts = {}
        for table in self.tables:
            self._measure(table)

    def _measure(self, table: Table) -> None:
        """Count the rows and find the range of every column of a key, in one pass over the table."""
        names = {name for key in table.keys for column in key.columns for name in _stored(table, column)}
        columns = [column for column in table.columns if column.name in names]
        asked = [measure for column in columns for measure in measures(column)]
        query = sql.SQL("SELECT count(*){} FROM {}").format(
            sql.SQL("").join(sql.SQL(", {}").format(each) for each in asked), table.source
        )
        with self.connection.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(query).fetchone()
        assert found is not None
        self.rows[table] = found[0]
        for position, column in enumerate(columns):
            low, high = found[1 + 2 * position], found[2 + 2 * position]
            self.ranges[table, column.name] = Decimal(low or 0), Decimal(high or 0)

    def refuse_triggers(self, *, fires: bool) -> None:
        """Leave the tables whose triggers would fire; ``fires`` says that all do."""
        for table in self.tables:
            if names := table.triggers if fires else table.always:
                self.refused[table] = f"its trigger {names[0]} would fire for every copy"

    def copied(self) -> bool:
        """Copy table by table. One that is refused changes how others are to be copied: false if some were by then."""
        self.shifts = self._plan()
        done: set[Table] = set()
        with self.connection.transaction() as attempt:
            while waiting := [table for table in self.tables if self._is_to_copy(table) and table not in done]:
                reason = self._copy(waiting[0])
                if reason is None:
                    done.add(waiting[0])
                    continue
                self.refused[waiting[0]] = reason
                before, self.shifts = self.shifts, self._plan()
                if done & self.refused.keys() or any(self._of(table, before) != self._of(table) for table in done):
                    raise psycopg.Rollback(attempt)
            return True
        return False

    def _of(self, table: Table, shifts: _Shifts | None = None) -> list[Shift | None]:
        chosen = self.shifts if shifts is None else shifts
        return [chosen.get((table, column.name)) for column in table.columns]

    def _is_to_copy(self, table: Table) -> bool:
        return table not in self.refused and self.rows[table] > 0 and self.copies > 0

    def _plan(self) -> _Shifts:
        """The shift of each column that has one. Refuses tables until each of the rest has new values for every key."""
        while True:
            classes = _Classes(self.references, self.refused)
            shifts, refused = self._shifts(classes)
            if not refused:
                return shifts
            self.refused |= refused

    def _shifts(self, classes: _Classes) -> tuple[_Shifts, dict[Table, str]]:
        keys = [(table, key) for table in self.tables if self._is_to_copy(table) for key in table.keys]
        candidates = {(table, key.name): self._candidates(table, key, classes) for table, key in keys}
        chosen: dict[_ColumnOf, Shift] = {}
        refused: dict[Table, str] = {}
        for table, key in sorted(keys, key=lambda each: len(candidates[each[0], each[1].name][0])):
            usable, reasons = candidates[table, key.name]
            if not usable:
                refused.setdefault(table, f"the unique key {key.name} can't get new values: {'; '.join(reasons)}")
            elif not any(member in chosen for member, _ in usable):
                member, shift = usable[0]
                chosen |= dict.fromkeys(classes.of(member), shift)
        return chosen, refused

    def _candidates(self, table: Table, key: Key, classes: _Classes) -> tuple[list[tuple[_ColumnOf, Shift]], list[str]]:
        """The columns of a key that can be shifted, the best first, and why the others can't."""
        usable: list[tuple[Column, Shift]] = []
        reasons = [] if key.columns else ["nothing in it is compared by ="]
        for column in (table.column(name) for each in key.columns for name in _stored(table, each)):
            shift = self._shift((table, column.name), classes)
            if isinstance(shift, str):
                reasons.append(f"{column.name}: {shift}")
            elif key.rechecked and not shift.certain:
                reasons.append(f"{column.name}: it is checked by a trigger, and new values might meet")
            else:
                usable.append((column, shift))
        usable.sort(key=lambda each: (each[0].bound, not each[0].not_null, RANKS.index(each[1].kind)))
        return [((table, column.name), shift) for column, shift in usable], reasons

    def _shift(self, member: _ColumnOf, classes: _Classes) -> Shift | str:
        members = classes.of(member)
        if reason := classes.held.get(classes.root(member)):
            return reason
        ranges = [self.ranges[each] for each in members if each in self.ranges]
        rows = max(self.rows[table] for table, _ in members)
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        return shift_of([table.column(name) for table, name in members], low, high, rows, self.copies)

    def _copy(self, table: Table) -> str | None:
        """Insert the copies of one table's rows; the reason where the server refuses them, and then none is there."""
        listed = sql.SQL(", ")
        statement = sql.SQL(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE "
            "SELECT {} FROM {} AS source CROSS JOIN generate_series(1, {}) AS copy (n)"
        ).format(
            table.identifier,
            listed.join(sql.Identifier(column.name) for column in table.written),
            listed.join(self._value(table, column) for column in table.written),
            table.source,
            self.copies,
        )
        if not table.written:
            return "it has no column that can be written"
        try:
            with self.connection.transaction():
                self.connection.execute(statement)
        except psycopg.Error as error:
            if self.connection.broken:
                raise
            return error.diag.message_primary or str(error)
        return None

    def _value(self, table: Table, column: Column) -> sql.Composable:
        source = sql.Identifier("source", column.name)
        shift = self.shifts.get((table, column.name))
        return shift.value(column, source, sql.Identifier("copy", "n")) if shift else source

    def move_sequences(self) -> None:
        """Move each sequence beyond the values that its column has now; nothing takes that back."""
        for table in self.tables:
            for column in table.written if self._is_to_copy(table) else ():
                if column.sequence and (table, column.name) in self.shifts:
                    query = sql.SQL(_MOVE_SEQUENCE).format(
                        column=sql.Identifier(column.name), table=table.source, sequence=sql.Literal(column.sequence)
                    )
                    self.connection.execute(query)


_MOVE_SEQUENCE = """
SELECT setval(seqrelid::regclass, CASE WHEN seqincrement > 0 THEN least(high, seqmax) ELSE greatest(low, seqmin) END)
FROM pg_sequence
CROSS JOIN (SELECT max({column})::bigint AS high, min({column})::bigint AS low FROM {table}) AS used
CROSS JOIN LATERAL (SELECT pg_sequence_last_value(seqrelid) AS last) AS position
WHERE seqrelid = {sequence}::regclass
    AND CASE WHEN seqincrement > 0 THEN high > coalesce(last, high - 1) ELSE low < coalesce(last, low + 1) END
"""


class _Classes:
    """Columns that hold the same values, as keys and what refers to them; ``held`` says why one must stay as it is."""

    def __init__(self, references: Iterable[Reference], refused: Collection[Table]) -> None:
        self._parents: dict[_ColumnOf, _ColumnOf] = {}
        held: dict[_ColumnOf, str] = {}
        for each in references:
            if each.child in refused:
                continue
            for column, key in zip(each.columns, each.keys, strict=True):
                if each.parent in refused:
                    held[each.child, column] = f"it refers to {each.parent}, whose rows are not copied"
                elif each.child.column(column).generated:
                    held[each.parent, key] = f"{each.child} refers to it by a generated column"
                else:
                    self._parents[self.root((each.child, column))] = self.root((each.parent, key))
        self.held = {self.root(member): reason for member, reason in held.items()}
        self._members: dict[_ColumnOf, list[_ColumnOf]] = {}
        for member in {*self._parents, *self._parents.values()}:
            self._members.setdefault(self.root(member), []).append(member)

    def root(self, member: _ColumnOf) -> _ColumnOf:
        while (parent := self._parents.get(member, member)) != member:
            member = parent
        return member

    def of(self, member: _ColumnOf) -> list[_ColumnOf]:
        """All columns of its class."""
        return self._members.get(self.root(member), [member])


def _stored(table: Table, name: str) -> tuple[str, ...]:
    """The columns that a column's values come from: itself, or those that it is generated from."""
    column = table.column(name)
    return column.sources if column.generated else (name,)
