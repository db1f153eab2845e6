"""Say what the tables are for"""

from alembic import op

revision = "1a95d4c2e870"
down_revision = "b3e7a5d81f60"


def upgrade():
    op.create_table_comment("customers", "People and companies who have an account")
    op.create_table_comment("orders", "One basket that was checked out")
    op.execute("COMMENT ON COLUMN order_lines.unit_price IS 'What the customer paid, not what the product costs today'")
    op.execute("COMMENT ON TYPE order_status IS 'The life of an order, in order'")


def downgrade():
    op.execute("COMMENT ON TYPE order_status IS NULL")
    op.execute("COMMENT ON COLUMN order_lines.unit_price IS NULL")
    op.drop_table_comment("orders")
    op.drop_table_comment("customers")
