"""Revision right."""

from alembic import op

revision = "right"
down_revision = "first"


def upgrade() -> None:
    op.execute("CREATE TABLE phones (id bigint PRIMARY KEY)")


def downgrade() -> None:
    op.execute("DROP TABLE phones")
