CREATE INDEX ON customers (name);
