CREATE TABLE customers_fax AS SELECT id, fax FROM customers WHERE fax IS NOT NULL;
ALTER TABLE customers DROP COLUMN fax;
