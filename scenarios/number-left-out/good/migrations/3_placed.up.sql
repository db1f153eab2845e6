ALTER TABLE orders ADD COLUMN placed timestamptz;
