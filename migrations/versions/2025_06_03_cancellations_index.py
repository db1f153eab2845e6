"""A cancelled order knows when: the old rows too, and an index to report on them

Every statement commits by itself, so a second run must find its way from wherever the first one stopped: an index
build that was cut off leaves an invalid index behind, which is dropped first.
"""

import sqlalchemy as sa
from alembic import op

revision = "e06c9b14f7d5"
down_revision = "7a3d5c80e2f9"


INVALID = """
    SELECT EXISTS (
        SELECT FROM pg_index WHERE indexrelid = to_regclass('orders_cancelled_at_idx') AND NOT indisvalid
    )
"""


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_cancelled_at_known")
        if op.get_bind().scalar(sa.text(INVALID)):
            op.execute("DROP INDEX CONCURRENTLY orders_cancelled_at_idx")
        op.create_index(
            "orders_cancelled_at_idx",
            "orders",
            ["cancelled_at"],
            postgresql_where=sa.text("cancelled_at IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("orders_cancelled_at_idx", "orders", postgresql_concurrently=True, if_exists=True)
    op.drop_constraint("orders_cancelled_at_known", "orders")
    op.create_check_constraint(
        "orders_cancelled_at_known",
        "orders",
        "status <> 'cancelled' OR cancelled_at IS NOT NULL",
        postgresql_not_valid=True,
    )
