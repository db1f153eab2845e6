"""The first table."""

from alembic import op

revision = "first"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE customers (id bigint PRIMARY KEY, name text)")


def downgrade() -> None:
    op.execute("DROP TABLE customers")
