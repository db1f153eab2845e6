ALTER TABLE customers ADD COLUMN fax text;
UPDATE customers SET fax = faxes.fax FROM faxes WHERE faxes.customer_id = customers.id;
DROP TABLE faxes;
