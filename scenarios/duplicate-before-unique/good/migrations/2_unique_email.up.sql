-- migsafe: ignore data-nulled the older account keeps the address, the newer one is asked for another
UPDATE customers SET email = NULL
WHERE EXISTS (SELECT FROM customers AS older WHERE older.email = customers.email AND older.id < customers.id);
CREATE UNIQUE INDEX IF NOT EXISTS customers_email ON customers (email);
