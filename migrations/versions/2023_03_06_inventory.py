"""What lies in which warehouse, and how it came there"""

import sqlalchemy as sa
from alembic import op

revision = "d51e9c3b7a02"
down_revision = "0b86f2c7a45d"


def upgrade():
    op.create_table(
        "warehouses",
        sa.Column("code", sa.String(8), primary_key=True),
        sa.Column("city", sa.Text, nullable=False),
    )
    op.create_table(
        "inventory",
        sa.Column("warehouse", sa.String(8), sa.ForeignKey("warehouses.code"), primary_key=True),
        sa.Column("product_id", sa.BigInteger, sa.ForeignKey("products.id"), primary_key=True),
        sa.Column("on_hand", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "inventory_movements",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("warehouse", sa.String(8), nullable=False),
        sa.Column("product_id", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(["warehouse", "product_id"], ["inventory.warehouse", "inventory.product_id"]),
    )
    op.execute("INSERT INTO warehouses (code, city) VALUES ('BER', 'Berlin'), ('LIS', 'Lisboa'), ('WRO', 'Wrocław')")


def downgrade():
    op.drop_table("inventory_movements")
    op.drop_table("inventory")
    op.drop_table("warehouses")
