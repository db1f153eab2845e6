"""Revision right."""

from alembic import op

revision = "right"
down_revision = "first"


def upgrade() -> None:
    op.execute("ALTER TABLE customers ADD COLUMN mobile varchar(20)")


def downgrade() -> None:
    op.execute("ALTER TABLE customers DROP COLUMN mobile")
