INSERT INTO customers SELECT * FROM archived_customers;
DROP TABLE archived_customers;
