ALTER TABLE customers DROP COLUMN city;
ALTER TABLE customers ALTER COLUMN name SET DEFAULT 'unknown';
