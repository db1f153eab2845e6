CREATE TABLE faxes (customer_id bigint PRIMARY KEY REFERENCES customers, fax text NOT NULL);
INSERT INTO faxes SELECT id, fax FROM customers WHERE fax IS NOT NULL;
ALTER TABLE customers DROP COLUMN fax;
