"""What the migrations before those that are asked about leave behind: the catalog that the first of these finds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from migsafe.catalog import Catalog
from migsafe.errors import SettingsError
from migsafe.history.files import read_script
from migsafe.lint.run import follow
from migsafe.lint.script import script_of, script_of_text

if TYPE_CHECKING:
    from migsafe.config import LintSettings
    from migsafe.history.text import MigrationText
    from migsafe.progress import Progress

KEPT = 8
"""Catalogs that stay in a cache: the newest, as many as branches that somebody goes to and fro between."""

_CODE = ("catalog", "lint", "sql")
"""The packages that say what a text leaves behind."""


def catalog_behind(
    texts: Sequence[MigrationText], settings: LintSettings, *, whole: bool, progress: Progress
) -> Catalog:
    """What is there behind these migrations, the first of a history. ``whole``: what it makes is all that there is.

    With a cache, what is kept of the same beginning is taken up, and what was followed is kept.
    """
    beginning = _Beginning(settings.schema, whole)
    if settings.cache is None:
        return _followed(texts, beginning.catalog())
    return CatalogCache(settings.cache, progress).behind(texts, beginning)


def first_catalog(settings: LintSettings, *, whole: bool) -> Catalog:
    """What the first migration finds: the dump that the settings name, or nothing that was seen."""
    return _Beginning(settings.schema, whole).catalog()


def _followed(texts: Sequence[MigrationText], catalog: Catalog) -> Catalog:
    for text in texts:
        follow(script_of_text(text, followed=True), catalog)
    return catalog


class _Beginning:
    """What the first migration finds: the schema in an SQL dump, or nothing that was seen."""

    def __init__(self, schema: Path | None, whole: bool) -> None:  # noqa: FBT001
        self._schema = schema
        self._whole = whole

    def catalog(self) -> Catalog:
        catalog = Catalog(complete=self._whole or self._schema is not None)
        if self._schema is not None:
            for statement in script_of(self._text, file=self._schema, followed=True).statements:
                catalog.apply_all(statement.actions)
            catalog.search_path = ("public",)
        return catalog

    @property
    def made_of(self) -> str:
        """All that the catalog depends on."""
        return f"{self._whole} {self._text}"

    @cached_property
    def _text(self) -> str:
        return read_script(self._schema).text if self._schema else ""


class CatalogCache:
    """A directory with the catalogs behind beginnings of histories, each named by a hash of all that it was made of."""

    def __init__(self, directory: Path, progress: Progress) -> None:
        """Raises :class:`SettingsError` where something else than a directory is there."""
        if directory.exists() and not directory.is_dir():
            raise SettingsError(
                "the cache of lint isn't a directory",
                where=str(directory),
                hint="Name a directory with --cache, or in [lint] cache, that may be made and written.",
            )
        self._directory = directory
        self._progress = progress

    def behind(self, texts: Sequence[MigrationText], beginning: _Beginning) -> Catalog:
        """The catalog behind these texts, of which only those are followed that no earlier run has followed."""
        names = list(_names(texts, beginning))
        found = self._newest(names)
        number, catalog = found or (0, beginning.catalog())
        _followed(texts[number:], catalog)
        if found is None or number < len(texts):
            self._keep(names[-1], catalog)
        return catalog

    def _newest(self, names: Sequence[str]) -> tuple[int, Catalog] | None:
        """The most texts behind which a catalog was kept, and the catalog. One that can't be read is none."""
        from migsafe.catalog.packed import unpack

        for number in reversed(range(len(names))):
            file = self._directory / names[number]
            if names[number] in self._there:
                try:
                    catalog = unpack(file.read_bytes())
                    os.utime(file)
                except (OSError, ValueError):
                    continue
                return number, catalog
        return None

    @cached_property
    def _there(self) -> frozenset[str]:
        try:
            return frozenset(os.listdir(self._directory))  # noqa: PTH208  names are all that is wanted
        except OSError:
            return frozenset()

    def _keep(self, name: str, catalog: Catalog) -> None:
        """Write the catalog, whole or not at all, and remove the oldest. The directory hides itself from git."""
        from migsafe.catalog.packed import pack

        partial = self._directory / f"{name}.{os.getpid()}"
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            (self._directory / ".gitignore").write_text("*\n", encoding="utf-8")
            partial.write_bytes(pack(catalog))
            partial.replace(self._directory / name)
            files = (self._directory / each for each in self._there if each != ".gitignore")
            for old in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True)[KEPT - 1 :]:
                old.unlink()
        except OSError as error:
            self._progress(f"the cache {self._directory} can't be written: {error.strerror}")


def _names(texts: Sequence[MigrationText], beginning: _Beginning) -> Iterator[str]:
    """The name of the catalog before the first text, behind it, behind the second, and so on."""
    digest = hashlib.sha256(f"{_made_by()} {beginning.made_of}".encode())
    yield digest.hexdigest()
    for text in texts:
        unread = bool(text.not_analysed)
        digest.update(hashlib.sha256(f"{unread} {text.sql}".encode()).digest())
        yield digest.hexdigest()


def _made_by() -> str:
    """What tells this migsafe, and this parser, from others: their files, as the file system knows them."""
    import postgast

    import migsafe

    package = Path(migsafe.__file__).parent
    files = [file for part in _CODE for file in sorted((package / part).rglob("*.py"))]
    stats = (file.stat() for file in (*files, Path(postgast.__file__)))
    return " ".join(f"{each.st_size}:{each.st_mtime_ns}" for each in stats)
