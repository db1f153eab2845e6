"""Payments of 2024 and 2025"""

from alembic import op

revision = "f06d3a8c9b72"
down_revision = "72f5b9d10ac8"


YEARS = (2024, 2025)


def upgrade():
    for year in YEARS:
        op.execute(
            f"CREATE TABLE payments_{year} PARTITION OF payments "
            f"FOR VALUES FROM ('{year}-01-01 00:00+00') TO ('{year + 1}-01-01 00:00+00')"
        )


def downgrade():
    for year in YEARS:
        op.drop_table(f"payments_{year}")
