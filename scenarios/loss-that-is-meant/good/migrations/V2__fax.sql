-- migsafe: ignore data-lost nobody has sent a fax since 2011
ALTER TABLE customers DROP COLUMN IF EXISTS fax;
