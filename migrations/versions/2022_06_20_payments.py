"""Payments, a partition a year"""

from alembic import op

revision = "6c0f83b1d9e4"
down_revision = "1a95d4c2e870"


def upgrade():
    op.execute(
        """
        CREATE TABLE payments (
            id bigint GENERATED ALWAYS AS IDENTITY,
            order_id bigint NOT NULL REFERENCES orders,
            received_at timestamptz NOT NULL,
            amount numeric(12, 2) NOT NULL CHECK (amount > 0),
            method text NOT NULL,
            reference text,
            PRIMARY KEY (id, received_at)
        ) PARTITION BY RANGE (received_at);

        CREATE TABLE payments_2022 PARTITION OF payments
            FOR VALUES FROM ('2022-01-01 00:00+00') TO ('2023-01-01 00:00+00');
        CREATE TABLE payments_2023 PARTITION OF payments
            FOR VALUES FROM ('2023-01-01 00:00+00') TO ('2024-01-01 00:00+00');

        CREATE INDEX payments_order_id_idx ON payments (order_id);
        """
    )


def downgrade():
    op.drop_table("payments")
