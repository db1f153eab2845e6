"""Flyway's naming, checksums, placeholders and script settings, read off its own source (``flyway-core`` 11)."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from migsafe.errors import HistoryError
from migsafe.history.files import Script, read_script
from migsafe.history.model import refuse
from migsafe.sql.split import SourceStatement, first_words, split

_VERSIONED = re.compile(r"([VUB])([0-9]+(?:[._][0-9]+)*)(?:__(.*))?\.(?i:sql)", re.DOTALL)
_REPEATABLE = re.compile(r"R(?:__(.*))?\.(?i:sql)", re.DOTALL)
_CALLBACK = re.compile(r"(?:before|after|createSchema)\w*\.sql", re.IGNORECASE)
_JAVA = re.compile(r"(?:[VUB][0-9][0-9._]*|R)__.*\.(?:java|class|kt|groovy|scala)")
_PLACEHOLDER = re.compile(r"\$\{(.*?)(?:\}|\Z)", re.DOTALL)
_OUTSIDE_TRANSACTIONS = re.compile(
    r"(?:CREATE|DROP) (?:DATABASE|TABLESPACE|SUBSCRIPTION)\b"
    r"|ALTER SYSTEM\b"
    r"|(?:CREATE|DROP)(?: UNIQUE)? INDEX CONCURRENTLY\b"
    r"|REINDEX(?: VERBOSE)? (?:SCHEMA|DATABASE|SYSTEM)\b"
    r"|VACUUM\b"
    r"|DISCARD ALL\b"
)
_OUTSIDE_TRANSACTIONS_BEFORE_12 = re.compile(r"ALTER TYPE(?: .*)? ADD VALUE\b")
_WORDS_LOOKED_AT = 11

VersionKey = tuple[int, ...]


def version_key(version: str) -> VersionKey:
    """Versions compare number by number, and trailing zeros don't count: 1.10 comes after 1.9, and 1.0 is 1."""
    parts = [int(part) for part in version.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


@dataclass(frozen=True)
class FlywayFile:
    """One SQL file. ``prefix`` is V, U, B or R (which has no ``version``); ``script`` is the path as it is booked.

    ``edited`` is a text to be read in place of the file's.
    """

    prefix: str
    version: str | None
    description: str
    script: str
    path: Path
    edited: str | None = None

    @cached_property
    def key(self) -> VersionKey:
        return version_key(self.version or "0")

    @property
    def name(self) -> str:
        """The version, or for R, which has none, the file's name without its ending."""
        return self.version or self.path.name[: -len(".sql")]

    @property
    def booked_description(self) -> str:
        """The description, as far as the table's column has room for it."""
        return self.description if len(self.description) <= 200 else self.description[:197] + "..."

    @property
    def type(self) -> str:
        """What Flyway books it as."""
        return {"U": "UNDO_SQL", "B": "SQL_BASELINE"}.get(self.prefix, "SQL")

    @cached_property
    def source(self) -> Script:
        return read_script(self.path) if self.edited is None else Script(self.path, self.edited, self.edited)

    @cached_property
    def checksum(self) -> int:
        return checksum(self.source.source)

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """What ``FILE.conf`` beside it says. Raises :class:`HistoryError` for what can't be honoured."""
        return _read_settings(self.path.with_name(self.path.name + ".conf"))

    @property
    def execute_in_transaction(self) -> bool | None:
        """What the file's own settings say of the transaction; none when they say nothing."""
        said = self.settings.get("executeInTransaction")
        return None if said is None else said.lower() == "true"


def checksum(text: str) -> int:
    """Flyway's checksum: CRC-32 of the UTF-8 bytes of all lines without their ends, as a signed 32-bit number."""
    crc = zlib.crc32(text.replace("\r", "").replace("\n", "").encode())
    return crc - 2**32 if crc >= 2**31 else crc


def find_files(directories: Sequence[Path]) -> tuple[list[FlywayFile], list[Path]]:
    """Flyway's files below the directories in its order (by version, then R by description), and the SQL it ignores.

    Raises :class:`HistoryError` for migrations in Java, which only Flyway itself can run.
    """
    files, ignored, java = [], [], []
    for place, path in ((directory, path) for directory in directories for path in _files_below(directory)):
        parsed = _parse(path, place)
        if parsed:
            files.append(parsed)
        elif _JAVA.fullmatch(path.name):
            java.append(path)
        elif path.name.lower().endswith(".sql"):
            ignored.append(path)
    if java:
        raise HistoryError(
            f"migrations in Java can't be run without Flyway: {', '.join(path.name for path in java)}",
            where=str(java[0].parent),
            hint='Set [history] kind = "command" and runner = "flyway migrate" (or your build\'s own command).',
        )
    files.sort(key=lambda file: (file.prefix == "R", "BVU".find(file.prefix), file.key, file.description))
    return files, ignored


def has_files(directory: Path) -> str | None:
    """The name of the first file below the directory that is a migration by Flyway's naming."""
    return next((path.name for path in _files_below(directory) if _parse(path, directory)), None)


def is_callback(path: Path) -> bool:
    """Whether Flyway would run the file at an event, such as ``afterMigrate.sql``."""
    return _CALLBACK.fullmatch(path.name.replace("__", "_")) is not None


def with_placeholders(file: FlywayFile, values: Mapping[str, str]) -> Script:
    """The file's text with every ``${name}`` replaced; names are compared without case, and no place is exempt.

    Ends the run, as Flyway does, at a name without a value.
    """
    source = file.source.source
    if file.settings.get("placeholderReplacement", "true").lower() == "false" or "${" not in source:
        return file.source
    known = {name.lower(): value for name, value in values.items()}
    known["flyway:filename"] = file.path.name
    pieces, anchors, copied, length = [], [(0, 0)], 0, 0
    for found in _PLACEHOLDER.finditer(source):
        value = known.get(found[1].lower())
        if value is None:
            place = file.source.location(found.start())
            message = f"No value provided for placeholder: ${{{found[1]}}}.  Check your configuration!"
            refuse(f"{message} ([history] placeholders)", place, file.source.excerpt(found.start()))
        pieces += [source[copied : found.start()], value]
        length += found.start() - copied
        anchors += [(length, found.start()), (length + len(value), found.end())]
        length += len(value)
        copied = found.end()
    return Script(file.path, source, "".join((*pieces, source[copied:])), tuple(anchors))


def runs_in_transaction(script: Script, file: FlywayFile, *, mixed: bool, server: int) -> bool:
    """Whether Flyway runs the file in a transaction. ``server`` is the major version.

    Ends the run, as Flyway does, when the file mixes statements that need one with statements that refuse one.
    """
    if file.execute_in_transaction is not None:
        return file.execute_in_transaction
    statements = split(script.text)
    outside = [statement for statement in statements if _refuses_transaction(statement, server)]
    if outside and len(outside) < len(statements) and not mixed:
        odd = next(statement for statement in statements if (statement in outside) != (statements[0] in outside))
        refuse(
            "Detected both transactional and non-transactional statements within the same migration "
            f"(even though mixed is false). Offending statement found at line {odd.line}: {odd.text}",
            script.location(odd.first),
            script.excerpt(odd.first),
        )
    return not outside


def builds_concurrently(file: FlywayFile) -> bool:
    """Whether the file has a statement that waits for every older snapshot, as ``CREATE INDEX CONCURRENTLY`` does."""
    return "concurrently" in file.source.text.lower() and any(
        "CONCURRENTLY" in first_words(statement.text, _WORDS_LOOKED_AT) for statement in split(file.source.text)
    )


def _refuses_transaction(statement: SourceStatement, server: int) -> bool:
    words = " ".join(first_words(statement.text, _WORDS_LOOKED_AT))
    return bool(_OUTSIDE_TRANSACTIONS.match(words) or (server < 12 and _OUTSIDE_TRANSACTIONS_BEFORE_12.match(words)))


def _parse(path: Path, directory: Path) -> FlywayFile | None:
    script = path.relative_to(directory).as_posix()
    if found := _VERSIONED.fullmatch(path.name):
        version = found[2].replace("_", ".")
        return FlywayFile(found[1], version, (found[3] or "").replace("_", " "), script, path)
    if found := _REPEATABLE.fullmatch(path.name):
        return FlywayFile("R", None, (found[1] or "").replace("_", " "), script, path)
    return None


def _files_below(directory: Path) -> Iterator[Path]:
    for parent, directories, names in os.walk(directory):
        directories.sort()
        yield from (Path(parent, name) for name in sorted(names))


def _read_settings(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    settings = {}
    for number, line in enumerate(read_script(file).text.splitlines(), 1):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or name.startswith("#"):
            continue
        settings[name] = value
        if name == "shouldExecute" or (name == "encoding" and value.lower() not in ("utf-8", "utf8")):
            raise HistoryError(
                f"{name} = {value} can't be honoured",
                where=f"{file}:{number}",
                hint='Set [history] kind = "command" and runner = "flyway migrate".',
            )
    return settings
