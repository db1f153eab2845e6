"""What can be said of a statement that is run a second time, and which statements guard themselves."""

from __future__ import annotations

from dataclasses import dataclass

from migsafe.findings import Repeatable
from migsafe.sql.actions import Action, Create, CreateFunction, CreateView, Do, Drop, Other


@dataclass(frozen=True, slots=True)
class Said:
    """A class with its reason, and what a second run comes to by this statement alone."""

    repeatable: Repeatable
    reason: str = ""
    leads_to: str = "idempotent"


def is_guarded(action: Action) -> bool:
    """Whether the statement says itself what is to happen where its work is done: OR REPLACE, DROP … IF EXISTS."""
    if isinstance(action, (Create, CreateFunction, CreateView)):
        return action.or_replace
    return isinstance(action, Drop) and action.if_exists


_HARMLESS = frozenset(
    (
        "grant_stmt",
        "grant_role_stmt",
        "alter_default_privileges_stmt",
        "comment_stmt",
        "sec_label_stmt",
        "alter_owner_stmt",
        "alter_function_stmt",
        "alter_role_stmt",
        "alter_role_set_stmt",
        "alter_database_set_stmt",
        "alter_seq_stmt",
        "alter_policy_stmt",
        "alter_stats_stmt",
        "alter_event_trig_stmt",
        "alter_extension_stmt",
        "alter_system_stmt",
        "variable_show_stmt",
        "discard_stmt",
        "notify_stmt",
        "listen_stmt",
        "unlisten_stmt",
        "checkpoint_stmt",
        "explain_stmt",
        "constraints_set_stmt",
        "load_stmt",
    )
)
"""Statements that set what they set, however often they are run (by the grammar's names)."""


def is_known(action: Action) -> Said | None:
    """What is said of a statement that nobody here follows; none for every other one."""
    if isinstance(action, Other) and action.what not in _HARMLESS:
        what = action.what.removesuffix("_stmt").replace("_", " ").upper()
        return Said(Repeatable.UNKNOWN, f"what {what} does a second time isn't known", "unknown")
    if isinstance(action, Do) and action.language != "plpgsql":
        return Said(Repeatable.UNKNOWN, f"a DO block in {action.language} can't be read", "unknown")
    return None
