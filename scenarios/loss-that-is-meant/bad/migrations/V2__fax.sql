-- migsafe: ignore data-lost
ALTER TABLE customers DROP COLUMN IF EXISTS fax;
