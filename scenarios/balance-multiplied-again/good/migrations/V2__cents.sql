ALTER TABLE accounts ADD COLUMN IF NOT EXISTS balance_cents bigint;
UPDATE accounts SET balance_cents = balance * 100;
