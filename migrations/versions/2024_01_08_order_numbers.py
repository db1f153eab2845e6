"""A number to print on the invoice, apart from the id"""

import sqlalchemy as sa
from alembic import op

revision = "72f5b9d10ac8"
down_revision = "c4a6083f9e5b"


def upgrade():
    op.execute("CREATE SEQUENCE order_number START 100001")
    op.add_column("orders", sa.Column("number", sa.BigInteger))
    op.execute(
        """
        UPDATE orders SET number = 100000 + place
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM orders) AS ordered
        WHERE ordered.id = orders.id
        """
    )
    op.execute("SELECT setval('order_number', max(number)) FROM orders HAVING max(number) IS NOT NULL")
    op.alter_column("orders", "number", nullable=False, server_default=sa.text("nextval('order_number')"))
    op.execute("ALTER SEQUENCE order_number OWNED BY orders.number")
    op.create_unique_constraint("orders_number_key", "orders", ["number"])


def downgrade():
    op.drop_column("orders", "number")
