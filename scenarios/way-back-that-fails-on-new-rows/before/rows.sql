INSERT INTO customers (name, fax) VALUES ('Ada', '030-1'), ('Grace', NULL), ('Edith', '030-3');
