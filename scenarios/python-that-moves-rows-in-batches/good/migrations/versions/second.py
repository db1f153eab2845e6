"""Balances in cents, beside the old ones."""

import sqlalchemy as sa
from alembic import op

revision = "second"
down_revision = "first"

BATCH = sa.text("UPDATE accounts SET cents = balance * 100 WHERE id BETWEEN :low AND :low + 1 AND cents IS NULL")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for low in (1, 3):
            op.get_bind().execute(BATCH, {"low": low})


def downgrade() -> None:
    op.execute("UPDATE accounts SET cents = NULL")
