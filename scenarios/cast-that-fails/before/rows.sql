INSERT INTO products (id, code) VALUES (1, '1001'), (2, '1002'), (3, '10-03');
