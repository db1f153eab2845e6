INSERT INTO products VALUES (1, 10.00), (2, 99.95), (3, 0.49);
