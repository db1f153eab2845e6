CREATE INDEX IF NOT EXISTS customers_fax ON customers (fax);
