"""What belongs to a database as a whole and that no dump of its contents carries: owner, locale, grants, settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from psycopg import sql

from migsafe.errors import CannotCheck

if TYPE_CHECKING:
    import psycopg

LISTS = ("local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces")
"""Parameters whose value is a list of quoted names, which a single literal would turn into one name."""

PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
"""How pg_database spells the locale providers (manual, 24.1.4; from 15 on)."""

_QUERY = """
SELECT
    to_jsonb(d) AS row,
    pg_catalog.pg_get_userbyid(d.datdba) AS owner,
    pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
    (SELECT spcname FROM pg_catalog.pg_tablespace WHERE oid = d.dattablespace) AS tablespace,
    pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
    ARRAY(
        SELECT ARRAY[
            CASE grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(grantee)::text END,
            privilege_type,
            is_grantable::text
        ]
        FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba)))
    ) AS privileges,
    ARRAY(
        SELECT ARRAY[
            CASE setrole WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(setrole)::text END,
            split_part(setting, '=', 1),
            substr(setting, strpos(setting, '=') + 1)
        ]
        FROM pg_catalog.pg_db_role_setting, unnest(setconfig) AS setting
        WHERE setdatabase = d.oid
    ) AS settings,
    ARRAY(
        SELECT ARRAY[provider, label] FROM pg_catalog.pg_shseclabel
        WHERE objoid = d.oid AND classoid = 'pg_catalog.pg_database'::regclass
    ) AS labels
FROM pg_catalog.pg_database d
WHERE d.datname = coalesce(%s, pg_catalog.current_database())
"""


@dataclass(frozen=True, slots=True)
class Properties:
    """A database's row in ``pg_database`` and what hangs on it, by names.

    ``privileges`` are (role, privilege, "true" where it may be passed on), ``settings`` (role, parameter, value) and
    ``labels`` (provider, label). The role ``""`` is everybody: PUBLIC, or ALTER DATABASE … SET.
    """

    owner: str
    encoding: str
    collate: str
    ctype: str
    provider: str
    locale: str | None
    rules: str | None
    tablespace: str
    connection_limit: int
    is_template: bool
    comment: str | None
    privileges: tuple[tuple[str, ...], ...]
    settings: tuple[tuple[str, ...], ...]
    labels: tuple[tuple[str, ...], ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def roles(self) -> frozenset[str]:
        """Every role that is named."""
        return frozenset({self.owner, *(role for role, *_ in (*self.privileges, *self.settings))}) - {""}

    def lines(self, other: Properties) -> Iterator[str]:
        """What another database has differently, one line each."""
        for field in fields(self):
            old, new = getattr(self, field.name), getattr(other, field.name)
            if old != new:
                yield f"database {field.name.replace('_', ' ')}: {_shown(old)} → {_shown(new)}"


def from_json(document: dict[str, Any]) -> Properties:
    """The inverse of :meth:`Properties.to_json`. Raises ``TypeError`` or ``KeyError`` when it is none."""
    pairs = {name: tuple(tuple(each) for each in document[name]) for name in ("privileges", "settings", "labels")}
    return Properties(**{**document, **pairs})


def read_properties(connection: psycopg.Connection, name: str | None = None) -> Properties | None:
    """The properties of a database (none: of that which is connected to); none when there is no such database."""
    found = connection.execute(_QUERY, (name,)).fetchone()
    if found is None:
        return None
    row, owner, encoding, tablespace, comment, privileges, settings, labels = found
    return Properties(
        owner=owner,
        encoding=encoding,
        collate=row["datcollate"],
        ctype=row["datctype"],
        provider=row.get("datlocprovider", "c"),
        locale=row.get("datlocale", row.get("daticulocale")),
        rules=row.get("daticurules"),
        tablespace=tablespace,
        connection_limit=row["datconnlimit"],
        is_template=row["datistemplate"],
        comment=comment,
        privileges=tuple(sorted(map(tuple, privileges))),
        settings=tuple(sorted(map(tuple, settings))),
        labels=tuple(sorted(map(tuple, labels))),
    )


def create_empty(
    connection: psycopg.Connection, name: str, properties: Properties, *, tablespace: str | None = None
) -> None:
    """Make an empty database with this encoding and locale, and nothing that a site added to ``template1``."""
    clauses = [
        sql.SQL("ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            properties.encoding, properties.collate, properties.ctype
        )
    ]
    if connection.info.server_version >= 150000:
        clauses.append(sql.SQL("LOCALE_PROVIDER {}").format(PROVIDERS[properties.provider]))
    if properties.locale is not None:
        word = "BUILTIN_LOCALE" if properties.provider == "b" else "ICU_LOCALE"
        clauses.append(sql.SQL(f"{word} {{}}").format(properties.locale))
    if properties.rules is not None:
        clauses.append(sql.SQL("ICU_RULES {}").format(properties.rules))
    if tablespace is not None:
        clauses.append(sql.SQL("TABLESPACE {}").format(sql.Identifier(tablespace)))
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(sql.Identifier(name), sql.SQL(" ").join(clauses))
    )


def give_properties(connection: psycopg.Connection, name: str, wanted: Properties) -> None:
    """Alter what can be altered of a database such that it has these properties, in one transaction.

    Encoding, locale and tablespace are given by :func:`create_empty`. The grantor of every grant is the owner.
    """
    current = read_properties(connection, name)
    if current is None:
        raise CannotCheck("there is no such database", where=name)
    with connection.transaction():
        for statement in _changes(sql.Identifier(name), current, wanted):
            connection.execute(statement)


def _changes(name: sql.Identifier, current: Properties, wanted: Properties) -> Iterator[sql.Composed]:
    if current.owner != wanted.owner:
        yield sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, sql.Identifier(wanted.owner))
    yield sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {} IS_TEMPLATE {}").format(
        name, wanted.connection_limit, wanted.is_template
    )
    yield sql.SQL("COMMENT ON DATABASE {} IS {}").format(name, wanted.comment)
    yield from _settings(name, current, wanted)
    for provider, label in wanted.labels:
        yield sql.SQL("SECURITY LABEL FOR {} ON DATABASE {} IS {}").format(sql.Identifier(provider), name, label)
    yield from _privileges(name, current, wanted)


def _settings(name: sql.Identifier, current: Properties, wanted: Properties) -> Iterator[sql.Composed]:
    for role, parameter, _ in current.settings:
        yield sql.SQL("{} RESET {}").format(_whose(role, name), _parameter(parameter))
    for role, parameter, value in wanted.settings:
        if parameter in LISTS:
            yield sql.SQL("SELECT pg_catalog.set_config({}, {}, true)").format(parameter, value)
            yield sql.SQL("{} SET {} FROM CURRENT").format(_whose(role, name), sql.Identifier(parameter))
        else:
            yield sql.SQL("{} SET {} TO {}").format(_whose(role, name), _parameter(parameter), value)


def _whose(role: str, name: sql.Identifier) -> sql.Composed:
    if role:
        return sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), name)
    return sql.SQL("ALTER DATABASE {}").format(name)


def _parameter(name: str) -> sql.Identifier:
    """A parameter of an extension has a dot in its name."""
    return sql.Identifier(*name.split("."))


def _privileges(name: sql.Identifier, current: Properties, wanted: Properties) -> Iterator[sql.Composed]:
    """Take everything from everybody, then grant. A change of owner has handed the old owner's own to the new one."""
    if (current.owner, current.privileges) == (wanted.owner, wanted.privileges):
        return
    granted = {role for role, *_ in current.privileges} - {current.owner}
    for role in sorted({"", wanted.owner} | granted):
        yield sql.SQL("REVOKE ALL ON DATABASE {} FROM {} CASCADE").format(name, _grantee(role))
    for role, privilege, passed_on in wanted.privileges:
        option = sql.SQL(" WITH GRANT OPTION" if passed_on == "true" else "")
        yield sql.SQL(f"GRANT {privilege} ON DATABASE {{}} TO {{}}{{}}").format(name, _grantee(role), option)


def _grantee(role: str) -> sql.Composable:
    return sql.Identifier(role) if role else sql.SQL("PUBLIC")


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(" ".join(part or "everybody" for part in each) for each in value) or "none"
    return "none" if value is None else str(value)
