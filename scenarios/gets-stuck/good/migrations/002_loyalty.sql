BEGIN;
UPDATE accounts SET balance = balance + 5 WHERE balance > 0;
ALTER TABLE accounts ADD COLUMN points integer NOT NULL DEFAULT 0;
COMMIT;
