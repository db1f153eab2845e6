ALTER TABLE customers ADD COLUMN fax text;
UPDATE customers SET fax = customers_fax.fax FROM customers_fax WHERE customers_fax.id = customers.id;
DROP TABLE customers_fax;
