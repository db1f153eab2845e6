INSERT INTO orders (note) VALUES ('fragile');
