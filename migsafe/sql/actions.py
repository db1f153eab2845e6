"""What a statement does, as values: one statement is a list of actions, in the order in which they are carried out.

The vocabulary of the static half of migsafe: the catalog (:mod:`migsafe.catalog`) is changed by actions, and the rules
(:mod:`migsafe.rules`) match on them. An action says what is written, and nothing of what was there before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from migsafe.sql.lock_modes import LockMode
from migsafe.sql.names import Expression, Name, Type


class Kind(StrEnum):
    """Kinds of objects, as SQL calls them."""

    TABLE = "table"
    FOREIGN_TABLE = "foreign table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    INDEX = "index"
    SEQUENCE = "sequence"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    TRIGGER = "trigger"
    POLICY = "policy"
    RULE = "rule"
    TYPE = "type"
    DOMAIN = "domain"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    ROUTINE = "routine"
    AGGREGATE = "aggregate"
    SCHEMA = "schema"
    EXTENSION = "extension"
    DATABASE = "database"
    ROLE = "role"
    OTHER = "object"


class ConstraintKind(StrEnum):
    """Kinds of constraints."""

    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    CHECK = "check"
    EXCLUSION = "exclusion"
    NOT_NULL = "not null"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint as written. ``name`` is none where PostgreSQL is left to choose; ``using_index`` names an index."""

    kind: ConstraintKind
    name: str | None = None
    columns: tuple[str, ...] = ()
    valid: bool = True
    expression: Expression | None = None
    refers_to: Name | None = None
    refers_columns: tuple[str, ...] = ()
    on_delete: str = "a"
    using_index: str | None = None
    deferrable: bool = False
    deferred: bool = False
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A column as written or as known. ``identity`` is ``a`` (always) or ``d`` (by default); ``generated`` is ``s``
    (stored) or ``v`` (virtual). ``constraints`` are those written beside it, NOT NULL and DEFAULT excepted."""

    name: str
    type: Type
    not_null: bool = False
    default: Expression | None = None
    identity: str | None = None
    generated: str | None = None
    constraints: tuple[Constraint, ...] = ()

    @property
    def serial(self) -> bool:
        """Whether it is written as serial, bigserial or smallserial."""
        return self.type.schema is None and self.type.name in ("serial2", "serial4", "serial8")


@dataclass(frozen=True, slots=True)
class Action:
    """What every action is."""


@dataclass(frozen=True, slots=True)
class CreateTable(Action):
    """CREATE TABLE, also AS, PARTITION OF and FOREIGN. ``complete``: all its columns are written here."""

    name: Name
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    if_not_exists: bool = False
    kind: Kind = Kind.TABLE
    temporary: bool = False
    partitioned: bool = False
    partition_of: Name | None = None
    default_partition: bool = False
    inherits: tuple[Name, ...] = ()
    like: tuple[Name, ...] = ()
    as_query: bool = False
    unlogged: bool = False
    complete: bool = True

    @property
    def all_constraints(self) -> tuple[Constraint, ...]:
        """The table's own, and those beside its columns."""
        return (*self.constraints, *(each for column in self.columns for each in column.constraints))


@dataclass(frozen=True, slots=True)
class AlterTable(Action):
    """What is common to the actions of ALTER TABLE. ``if_exists`` is that of the table.

    ``alone`` says that the statement has no other action; rewrites that are meant for a statement look at it. ``only``
    leaves out the partitions and children.
    """

    table: Name
    if_exists: bool = field(default=False, kw_only=True)
    alone: bool = field(default=True, kw_only=True)
    only: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class AddColumn(AlterTable):
    column: Column
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropColumn(AlterTable):
    column: str
    column_if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class AlterColumnType(AlterTable):
    column: str
    type: Type
    using: Expression | None = None


@dataclass(frozen=True, slots=True)
class SetDefault(AlterTable):
    """ALTER COLUMN SET DEFAULT, or DROP DEFAULT where ``default`` is none."""

    column: str
    default: Expression | None = None


@dataclass(frozen=True, slots=True)
class SetNotNull(AlterTable):
    column: str


@dataclass(frozen=True, slots=True)
class DropNotNull(AlterTable):
    column: str


@dataclass(frozen=True, slots=True)
class SetIdentity(AlterTable):
    """ADD GENERATED AS IDENTITY, or DROP IDENTITY where ``identity`` is none."""

    column: str
    identity: str | None = None
    missing_ok: bool = False


@dataclass(frozen=True, slots=True)
class AddConstraint(AlterTable):
    constraint: Constraint


@dataclass(frozen=True, slots=True)
class DropConstraint(AlterTable):
    name: str
    constraint_if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class ValidateConstraint(AlterTable):
    name: str


@dataclass(frozen=True, slots=True)
class AttachPartition(AlterTable):
    partition: Name
    default: bool = False


@dataclass(frozen=True, slots=True)
class DetachPartition(AlterTable):
    partition: Name
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class AlterTableOther(AlterTable):
    """Any other action: ``what`` is PostgreSQL's name of it (``SetLogged``, ``DisableTrig`` …), ``name`` its object."""

    what: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CreateIndex(Action):
    """``columns`` holds a none for each expression."""

    table: Name
    name: str | None
    columns: tuple[str | None, ...]
    unique: bool = False
    concurrently: bool = False
    if_not_exists: bool = False
    method: str = "btree"
    predicate: Expression | None = None
    only: bool = False


@dataclass(frozen=True, slots=True)
class Drop(Action):
    """DROP of one object. ``table`` is that of a trigger, rule or policy; ``arguments`` those of a function, if given.

    ``together`` says how many objects the statement drops.
    """

    kind: Kind
    name: Name
    if_exists: bool = False
    cascade: bool = False
    concurrently: bool = False
    table: Name | None = None
    arguments: tuple[str, ...] | None = None
    together: int = 1


@dataclass(frozen=True, slots=True)
class Rename(Action):
    """RENAME of an object, of a column or of a constraint (``name`` is that of the table then, ``part`` its own)."""

    kind: Kind
    name: Name
    new_name: str
    part: str | None = None
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class SetSchema(Action):
    kind: Kind
    name: Name
    schema: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateView(Action):
    """``columns`` are the names that can be told without knowing the tables; none where they can't."""

    name: Name
    columns: tuple[str, ...] | None
    tables: tuple[Name, ...] = ()
    or_replace: bool = False
    if_not_exists: bool = False
    materialized: bool = False
    with_data: bool = True


@dataclass(frozen=True, slots=True)
class RefreshMaterializedView(Action):
    name: Name
    concurrently: bool = False
    with_data: bool = True


@dataclass(frozen=True, slots=True)
class CreateSequence(Action):
    name: Name
    if_not_exists: bool = False
    owned_by: tuple[Name, str] | None = None


@dataclass(frozen=True, slots=True)
class CreateType(Action):
    """``what`` is enum, composite, range, domain or base; ``values`` are an enum's."""

    name: Name
    what: str
    values: tuple[str, ...] = ()
    base: Type | None = None
    constraints: tuple[Constraint, ...] = ()


@dataclass(frozen=True, slots=True)
class AddEnumValue(Action):
    type: Name
    value: str
    if_not_exists: bool = False
    neighbour: str | None = None


@dataclass(frozen=True, slots=True)
class RenameEnumValue(Action):
    type: Name
    value: str
    new_value: str


@dataclass(frozen=True, slots=True)
class AlterDomain(Action):
    """``what`` is PostgreSQL's letter: T default, N drop not null, O set not null, C add, X drop, V validate."""

    name: Name
    what: str
    constraint: Constraint | None = None
    constraint_name: str | None = None
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateFunction(Action):
    """``calls`` are the functions in a body of SQL, which PostgreSQL puts in the place of the call."""

    name: Name
    arguments: tuple[str, ...]
    or_replace: bool = False
    language: str = ""
    volatility: str = "volatile"
    calls: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Create(Action):
    """CREATE of what needs no more than its name here: schema, extension, trigger, policy, rule, statistics …"""

    kind: Kind
    name: Name
    if_not_exists: bool = False
    or_replace: bool = False
    table: Name | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Reindex(Action):
    """``what`` is index, table, schema, system or database."""

    what: str
    name: Name | None
    concurrently: bool = False


@dataclass(frozen=True, slots=True)
class Vacuum(Action):
    """VACUUM or ANALYZE; ``tables`` is empty for all of them."""

    tables: tuple[Name, ...]
    full: bool = False


@dataclass(frozen=True, slots=True)
class Cluster(Action):
    table: Name | None


@dataclass(frozen=True, slots=True)
class Truncate(Action):
    tables: tuple[Name, ...]
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class LockTable(Action):
    tables: tuple[Name, ...]
    mode: LockMode
    nowait: bool = False


@dataclass(frozen=True, slots=True)
class Insert(Action):
    """``columns`` is empty where none are named; ``conflict`` is nothing, update or (none) absent."""

    table: Name
    columns: tuple[str, ...] = ()
    conflict: str | None = None
    from_query: bool = False
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Update(Action):
    """``assigned`` in order, with repetitions; ``reads`` are the columns on the right sides."""

    table: Name
    assigned: tuple[str, ...]
    reads: tuple[str, ...] = ()
    where: Expression | None = None


@dataclass(frozen=True, slots=True)
class Delete(Action):
    table: Name
    where: Expression | None = None


@dataclass(frozen=True, slots=True)
class Copy(Action):
    """COPY into (``reads`` false) or out of a table."""

    table: Name | None
    reads: bool


@dataclass(frozen=True, slots=True)
class Query(Action):
    """A SELECT; ``functions`` are those it calls."""

    functions: tuple[Name, ...]
    tables: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Transaction(Action):
    """``what`` is begin, commit, rollback, savepoint, release or rollback to."""

    what: str


@dataclass(frozen=True, slots=True)
class SetVariable(Action):
    """SET and RESET (``value`` none), also ``SELECT set_config(…)``; ``local`` ends with the transaction."""

    name: str
    value: str | None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Do(Action):
    """A DO block; what is in it comes as statements of its own."""

    language: str


@dataclass(frozen=True, slots=True)
class Other(Action):
    """Anything else: ``what`` is the grammar's name of the statement, such as ``grant_stmt``."""

    what: str


@dataclass(frozen=True, slots=True)
class EndOfScript(Action):
    """Not a statement: stands behind the last one, so that a rule can look back at the whole script.

    ``committed``: the runner then commits the transaction that is open, whoever opened it.
    """

    committed: bool = False
