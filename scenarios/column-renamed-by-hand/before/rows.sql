INSERT INTO customers VALUES (1, 'Ada'), (2, NULL), (3, 'Grace');
