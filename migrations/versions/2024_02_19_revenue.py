"""Revenue by month and currency, for the dashboard"""

from alembic import op

revision = "28e1c7b5d4f9"
down_revision = "f06d3a8c9b72"


def upgrade():
    op.execute(
        """
        CREATE VIEW order_totals AS
            SELECT order_id, sum(quantity * unit_price) AS total FROM order_lines GROUP BY order_id;

        CREATE VIEW revenue AS
            SELECT date_trunc('month', placed_at, 'UTC') AS month, currency, count(*) AS orders, sum(total) AS total
            FROM orders JOIN order_totals ON order_id = orders.id
            WHERE status IN ('paid', 'shipped')
            GROUP BY 1, 2;

        COMMENT ON VIEW revenue IS 'Paid and shipped orders; refunds are not taken off';
        """
    )


def downgrade():
    op.execute("DROP VIEW revenue, order_totals")
