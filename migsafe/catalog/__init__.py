"""What a database would hold after some statements, as far as their text tells: no server, no rows."""

from migsafe.catalog.catalog import Catalog
from migsafe.catalog.holdings import Effect, Refusal
from migsafe.catalog.objects import Index, KnownConstraint, Sequence, Table, View

__all__ = ["Catalog", "Effect", "Index", "KnownConstraint", "Refusal", "Sequence", "Table", "View"]
