"""The account page lists a customer's orders"""

from alembic import op

revision = "e2d7195a0c3b"
down_revision = "6c0f83b1d9e4"


def upgrade():
    op.create_index("orders_customer_id_idx", "orders", ["customer_id"])
    op.create_index("order_lines_product_id_idx", "order_lines", ["product_id"])


def downgrade():
    op.drop_index("order_lines_product_id_idx", "order_lines")
    op.drop_index("orders_customer_id_idx", "orders")
