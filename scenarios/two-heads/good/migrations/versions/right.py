"""Customers have a birthday."""

from alembic import op

revision = "right"
down_revision = "first"


def upgrade() -> None:
    op.execute("ALTER TABLE customers ADD COLUMN IF NOT EXISTS born_on date")


def downgrade() -> None:
    op.execute("ALTER TABLE customers DROP COLUMN born_on")
