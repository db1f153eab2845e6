"""Search products by their words"""

from alembic import op

revision = "c4a6083f9e5b"
down_revision = "5b19e7d4c06f"


def upgrade():
    op.execute(
        """
        ALTER TABLE products ADD COLUMN words tsvector GENERATED ALWAYS AS (
            to_tsvector('simple', name || ' ' || coalesce(description, ''))
        ) STORED
        """
    )
    op.create_index("products_words_idx", "products", ["words"], postgresql_using="gin")


def downgrade():
    op.drop_column("products", "words")
