CREATE TABLE order_totals (order_id bigint PRIMARY KEY, amount numeric(10, 2));
INSERT INTO order_totals (order_id, amount) SELECT id, total FROM orders;
ALTER TABLE orders DROP COLUMN total;
CREATE TABLE people (id bigint PRIMARY KEY, name text);
INSERT INTO people SELECT id, name FROM persons;
DROP TABLE persons;
