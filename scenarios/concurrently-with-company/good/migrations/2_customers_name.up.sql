-- migsafe: ignore crash-stuck a build that dies is looked for after each release, and its index dropped
CREATE INDEX CONCURRENTLY IF NOT EXISTS customers_name ON customers (name);
