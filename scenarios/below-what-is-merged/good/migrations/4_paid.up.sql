ALTER TABLE orders ADD COLUMN paid timestamptz;
