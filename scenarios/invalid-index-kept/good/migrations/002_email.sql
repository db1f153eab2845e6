DROP INDEX CONCURRENTLY IF EXISTS customers_email;
CREATE INDEX CONCURRENTLY customers_email ON customers (email);
