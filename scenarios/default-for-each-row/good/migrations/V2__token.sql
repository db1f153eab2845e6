SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN token text NOT NULL DEFAULT '';
