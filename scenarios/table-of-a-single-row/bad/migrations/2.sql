SET lock_timeout = '2s';
ALTER TABLE settings ALTER COLUMN country TYPE bigint;
