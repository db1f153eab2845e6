INSERT INTO orders VALUES (1, 10.50), (2, 20.00);
INSERT INTO persons VALUES (1, 'Ada'), (2, 'Grace');
