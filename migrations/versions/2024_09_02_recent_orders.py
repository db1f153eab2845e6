"""The back office looks at the latest open orders"""

import sqlalchemy as sa
from alembic import op

revision = "d7e2045b8f3c"
down_revision = "40b8f6a2c7de"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index(
            "orders_open_idx",
            "orders",
            [sa.text("placed_at DESC")],
            postgresql_where=sa.text("status IN ('new', 'paid')"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("orders_open_idx", "orders", postgresql_concurrently=True, if_exists=True)
