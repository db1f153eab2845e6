INSERT INTO customers (name, fax, archived) VALUES ('Ada', '030-1', true), ('Grace', NULL, false), ('Edith', '030-3', false);
