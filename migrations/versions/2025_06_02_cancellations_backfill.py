"""Fill in when orders were cancelled, from the audit log

The log is younger than the shop: an order cancelled before it takes the time at which it was placed.
"""

from alembic import op

revision = "c92b4e7f1d08"
down_revision = "15f8a0d2c6b3"


def upgrade():
    op.execute(
        """
        UPDATE orders SET cancelled_at = coalesce(
            (
                SELECT max(changed_at) FROM audit_log
                WHERE audit_log.order_id = orders.id AND new_status = 'cancelled'
            ),
            placed_at
        )
        WHERE status = 'cancelled' AND cancelled_at IS NULL
        """
    )


def downgrade():
    op.execute("UPDATE orders SET cancelled_at = NULL WHERE cancelled_at IS NOT NULL")
