"""Customers are found by phone."""

from alembic import op

revision = "second"
down_revision = "first"


def upgrade() -> None:
    op.execute("ALTER TABLE customers ADD COLUMN IF NOT EXISTS phone text")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS customers_phone")
        op.execute("CREATE INDEX CONCURRENTLY customers_phone ON customers (phone)")


def downgrade() -> None:
    op.execute("ALTER TABLE customers DROP COLUMN phone")
