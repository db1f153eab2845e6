CREATE TABLE archived_customers (LIKE customers, PRIMARY KEY (id));
INSERT INTO archived_customers SELECT * FROM customers WHERE archived;
DELETE FROM customers WHERE archived;
