"""An order can be refunded

The way back makes the type anew, since PostgreSQL can't take a value out of an enum.
"""

from alembic import op

revision = "97b4e60d2f18"
down_revision = "e2d7195a0c3b"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'refunded' AFTER 'shipped'")


def downgrade():
    op.execute(
        """
        ALTER TYPE order_status RENAME TO order_status_with_refunded;
        CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'cancelled');
        ALTER TABLE orders
            ALTER COLUMN status DROP DEFAULT,
            ALTER COLUMN status TYPE order_status USING
                CASE status WHEN 'refunded' THEN 'paid' ELSE status::text END::order_status,
            ALTER COLUMN status SET DEFAULT 'new';
        DROP TYPE order_status_with_refunded;
        COMMENT ON TYPE order_status IS 'The life of an order, in order';
        """
    )
