"""Refunds"""

import sqlalchemy as sa
from alembic import op

revision = "0b86f2c7a45d"
down_revision = "97b4e60d2f18"


def upgrade():
    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id"), nullable=False, index=True),
        sa.Column("amount", sa.Numeric(12, 2), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("amount > 0", name="refunds_amount_positive"),
    )


def downgrade():
    op.drop_table("refunds")
