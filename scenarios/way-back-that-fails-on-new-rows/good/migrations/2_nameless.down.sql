UPDATE customers SET name = 'unknown' WHERE name IS NULL;
ALTER TABLE customers ALTER COLUMN name SET DEFAULT 'unknown', ALTER COLUMN name SET NOT NULL;
