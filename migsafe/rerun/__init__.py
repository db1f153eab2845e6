"""What a second run of a script would do, as far as its text and a catalog tell: no server, no rows."""

from migsafe.rerun.simulation import Rerun, StatementRerun, rerun

__all__ = ["Rerun", "StatementRerun", "rerun"]
