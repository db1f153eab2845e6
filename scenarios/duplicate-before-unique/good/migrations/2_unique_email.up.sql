-- migsafe: ignore data-nulled the older account keeps the address, the newer one is asked for another
-- migsafe: ignore rollback-lossy the newer account has been asked for another address by then
UPDATE customers SET email = NULL
WHERE EXISTS (SELECT FROM customers AS older WHERE older.email = customers.email AND older.id < customers.id);
CREATE UNIQUE INDEX IF NOT EXISTS customers_email ON customers (email);
