"""Payments of 2026, and a place for any that come later"""

from alembic import op

revision = "61a9c3f80e4d"
down_revision = "d7e2045b8f3c"


def upgrade():
    op.execute(
        "CREATE TABLE payments_2026 PARTITION OF payments "
        "FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00')"
    )
    op.execute("CREATE TABLE payments_later PARTITION OF payments DEFAULT")


def downgrade():
    op.drop_table("payments_later")
    op.drop_table("payments_2026")
