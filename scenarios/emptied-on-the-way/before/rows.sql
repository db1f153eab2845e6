INSERT INTO items VALUES (1, '12'), (2, '7'), (3, NULL);
