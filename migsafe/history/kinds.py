"""The kinds of history, by name, and which of them a project has."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Protocol, cast

from migsafe.errors import SettingsError
from migsafe.history.model import History, HistorySettings
from migsafe.setting import keys_of

KINDS = {
    "alembic": "migsafe.history.alembic:AlembicHistory",
    "flyway": "migsafe.history.flyway:FlywayHistory",
    "golang-migrate": "migsafe.history.golang_migrate:GolangMigrateHistory",
    "plain": "migsafe.history.plain:PlainHistory",
    "command": "migsafe.history.command:CommandHistory",
}
"""Every kind and where its class is; a class is loaded when it is looked at."""


class HistoryKind(Protocol):
    """What a class of :data:`KINDS` must give besides the :class:`History` that it makes."""

    def __call__(self, settings: HistorySettings) -> History:
        """Read the history. Raises :class:`SettingsError` or :class:`HistoryError` when that can't be done."""

    def fits(self, settings: HistorySettings) -> str | bool | None:
        """What in the project tells that this is its tool, in a few words; nothing when nothing does."""


def detect(settings: HistorySettings) -> str:
    """The name of the kind that the settings name, or the one kind whose traces are in the project.

    A ``runner`` in the settings is a command's trace and goes before all others; a folder of plain SQL files is what is
    left when no tool's traces are found. Raises :class:`SettingsError` when there is nothing, or more than one tool's.
    """
    if settings.kind is not None:
        if settings.kind not in KINDS:
            raise SettingsError(f"there is no kind of history {settings.kind!r}", hint=f"The kinds are {_all_kinds()}.")
        return settings.kind
    if settings.runner:
        return "command"
    found = {name: trace for name in KINDS if name != "plain" and (trace := _load(name).fits(settings))}
    if not found and (trace := _load("plain").fits(settings)):
        found = {"plain": trace}
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise SettingsError(
            f"no migrations were found in {settings.root}",
            hint=f"Run migsafe where the project is, or set [history] kind ({_all_kinds()}) and path, the directory "
            "that holds the migrations.",
        )
    traces = "; ".join(name if trace is True else f"{name} ({trace})" for name, trace in found.items())
    raise SettingsError(
        f"more than one kind of history fits: {traces}",
        hint=f"Set [history] kind to one of {', '.join(found)}.",
    )


def refuse_keys_of_other_kinds(settings: HistorySettings, kind: str) -> None:
    """Raises :class:`SettingsError` where the settings say something that a history of this kind has no use for."""
    for key in keys_of("history", HistorySettings).values():
        if key.setting.kind not in (None, kind) and getattr(settings, key.name) != key.default:
            raise SettingsError(
                f"[history] {key.name} is only for {key.setting.kind}, and this history is one of {kind}",
                hint=f"Take it out, or say kind = {json.dumps(key.setting.kind)}.",
            )


def open_history(settings: HistorySettings) -> History:
    """The project's history. Raises as :func:`detect` and as the kind itself."""
    return _load(detect(settings))(settings)


def _load(name: str) -> HistoryKind:
    module, _, attribute = KINDS[name].partition(":")
    return cast(HistoryKind, getattr(import_module(module), attribute))


def _all_kinds() -> str:
    return ", ".join(KINDS)
