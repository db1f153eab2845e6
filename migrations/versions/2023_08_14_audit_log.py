"""Keep who changed an order's status, and when"""

import sqlalchemy as sa
from alembic import op

revision = "5b19e7d4c06f"
down_revision = "a80c2f5e1d37"


def upgrade():
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", sa.BigInteger, nullable=False),
        sa.Column("old_status", sa.Text),
        sa.Column("new_status", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False, server_default=sa.text("current_user")),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("audit_log_order_id_idx", "audit_log", ["order_id", "changed_at"])
    op.execute(
        """
        CREATE FUNCTION log_status() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO audit_log (order_id, old_status, new_status) VALUES (NEW.id, OLD.status, NEW.status);
            RETURN NEW;
        END
        $$;

        CREATE TRIGGER log_status AFTER UPDATE OF status ON orders
            FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION log_status();
        """
    )


def downgrade():
    op.execute("DROP TRIGGER log_status ON orders")
    op.execute("DROP FUNCTION log_status()")
    op.drop_table("audit_log")
