DROP INDEX customers_name;
CREATE INDEX customers_lower_name ON customers (lower(name));
