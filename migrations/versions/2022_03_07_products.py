"""Products"""

import sqlalchemy as sa
from alembic import op

revision = "8d20b6f3c954"
down_revision = "4f1c0e9a7b21"


def upgrade():
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("sku", sa.String(40), nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.CheckConstraint("price >= 0", name="products_price_not_negative"),
    )


def downgrade():
    op.drop_table("products")
