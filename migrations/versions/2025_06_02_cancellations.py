"""When and why an order was cancelled"""

import sqlalchemy as sa
from alembic import op

revision = "15f8a0d2c6b3"
down_revision = "be37d1f6925a"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("orders", sa.Column("cancelled_at", sa.DateTime(timezone=True)))
    op.add_column("orders", sa.Column("cancel_reason", sa.Text))
    op.execute("COMMENT ON COLUMN orders.cancel_reason IS 'In the customer''s own words, if any'")


def downgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("orders", "cancel_reason")
    op.drop_column("orders", "cancelled_at")
