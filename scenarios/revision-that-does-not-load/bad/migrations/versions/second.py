"""Customers have a phone."""

from alembic import op

revision = "second"
down_revision = "first"
opp.f("a name that is nowhere")


def upgrade() -> None:
    op.execute("ALTER TABLE customers ADD COLUMN IF NOT EXISTS phone text")


def downgrade() -> None:
    op.execute("ALTER TABLE customers DROP COLUMN phone")
