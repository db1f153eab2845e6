INSERT INTO customers (id, name, fax, archived) SELECT id, name, fax, archived FROM archived_customers;
DROP TABLE archived_customers;
