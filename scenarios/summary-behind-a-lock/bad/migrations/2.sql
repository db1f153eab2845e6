SET lock_timeout = '2s';
BEGIN;
ALTER TABLE customers ADD COLUMN orders integer;
CREATE TABLE summary AS SELECT date_trunc('day', placed_at) AS day, count(*), sum(total) FROM orders GROUP BY 1;
COMMIT;
