"""No line without a quantity: new rows first"""

from alembic import op

revision = "9c5d70e3a1b6"
down_revision = "28e1c7b5d4f9"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_check_constraint(
        "order_lines_quantity_positive", "order_lines", "quantity > 0", postgresql_not_valid=True
    )


def downgrade():
    op.drop_constraint("order_lines_quantity_positive", "order_lines")
