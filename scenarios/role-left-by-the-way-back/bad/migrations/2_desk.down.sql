ALTER TABLE customers DROP COLUMN desk;
