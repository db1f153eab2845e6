COMMENT ON TABLE customers IS 'Whoever has bought something';
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name ON customers (name);
