CREATE UNIQUE INDEX IF NOT EXISTS customers_email ON customers (email);
