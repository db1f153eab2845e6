"""Accounts with balances in whole units."""

from alembic import op

revision = "first"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL, cents bigint)")


def downgrade() -> None:
    op.execute("DROP TABLE accounts")
