"""No line without a quantity: the old rows too

There is nothing to take back but the word that the rows were looked at.
"""

from alembic import op

revision = "40b8f6a2c7de"
down_revision = "9c5d70e3a1b6"


def upgrade():
    op.execute("ALTER TABLE order_lines VALIDATE CONSTRAINT order_lines_quantity_positive")


def downgrade():
    op.drop_constraint("order_lines_quantity_positive", "order_lines")
    op.create_check_constraint(
        "order_lines_quantity_positive", "order_lines", "quantity > 0", postgresql_not_valid=True
    )
