"""We sell in more than one currency; until today it was the euro"""

import sqlalchemy as sa
from alembic import op

revision = "a80c2f5e1d37"
down_revision = "3e74d08b6c91"


def upgrade():
    op.add_column("orders", sa.Column("currency", sa.CHAR(3)))
    op.execute("UPDATE orders SET currency = 'EUR'")
    op.alter_column("orders", "currency", nullable=False)
    op.create_check_constraint("orders_currency_code", "orders", "currency ~ '^[A-Z]{3}$'")


def downgrade():
    op.drop_column("orders", "currency")
