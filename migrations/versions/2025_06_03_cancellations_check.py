"""A cancelled order knows when: new rows first"""

from alembic import op

revision = "7a3d5c80e2f9"
down_revision = "c92b4e7f1d08"


# migsafe: ignore compatibility-constraint-added the shop writes cancelled_at with every cancellation since 2 June
def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_check_constraint(
        "orders_cancelled_at_known",
        "orders",
        "status <> 'cancelled' OR cancelled_at IS NOT NULL",
        postgresql_not_valid=True,
    )


def downgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint("orders_cancelled_at_known", "orders")
