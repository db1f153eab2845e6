ALTER TABLE visits ALTER COLUMN at TYPE timestamp;
