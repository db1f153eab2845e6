SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN cents bigint;
UPDATE orders SET cents = total * 100;
