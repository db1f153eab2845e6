ALTER TABLE customers ADD COLUMN IF NOT EXISTS closed boolean NOT NULL DEFAULT false;
UPDATE customers SET closed = true WHERE email IS NULL;
