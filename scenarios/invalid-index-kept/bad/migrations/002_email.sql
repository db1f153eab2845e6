CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_email ON customers (email);
