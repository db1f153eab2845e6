DROP INDEX customers_lower_name;
CREATE INDEX customers_name ON customers (name);
