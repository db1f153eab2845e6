SET lock_timeout = '2s';
-- migsafe: ignore locks-rewrite(public.settings) it never has more than one row
ALTER TABLE settings ALTER COLUMN country TYPE bigint;
