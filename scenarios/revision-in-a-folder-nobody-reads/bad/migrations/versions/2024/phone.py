"""The phone."""

from alembic import op

revision = "phone"
down_revision = "first"


def upgrade() -> None:
    op.execute("ALTER TABLE customers ADD COLUMN phone text")


def downgrade() -> None:
    op.execute("ALTER TABLE customers DROP COLUMN phone")
