ALTER TABLE customers ADD COLUMN IF NOT EXISTS phone text;
ALTER TABLE customers ALTER COLUMN phone TYPE text;
