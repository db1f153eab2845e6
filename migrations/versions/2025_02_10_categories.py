"""Categories become rows of their own"""

import sqlalchemy as sa
from alembic import op

revision = "be37d1f6925a"
down_revision = "61a9c3f80e4d"


def upgrade():
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.add_column("products", sa.Column("category_id", sa.Integer, sa.ForeignKey("categories.id")))
    op.execute(
        """
        INSERT INTO categories (name)
        SELECT DISTINCT category FROM products WHERE category IS NOT NULL ORDER BY category
        """
    )
    op.execute("UPDATE products SET category_id = categories.id FROM categories WHERE categories.name = category")
    op.create_index("products_category_id_idx", "products", ["category_id"])
    op.drop_column("products", "category")


def downgrade():
    op.add_column("products", sa.Column("category", sa.Text))
    op.execute("UPDATE products SET category = categories.name FROM categories WHERE categories.id = category_id")
    op.drop_column("products", "category_id")
    op.drop_table("categories")
