INSERT INTO customers VALUES (1, 'ada@example.com'), (2, NULL);
INSERT INTO orders VALUES (10, 1), (11, 2), (12, 2);
INSERT INTO comments VALUES (20, 1), (21, 2);
