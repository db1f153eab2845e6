"""Revision left."""

from alembic import op

revision = "left"
down_revision = "first"


def upgrade() -> None:
    op.execute("ALTER TABLE customers ADD COLUMN IF NOT EXISTS phone text")


def downgrade() -> None:
    op.execute("ALTER TABLE customers DROP COLUMN phone")
