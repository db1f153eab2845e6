CREATE TABLE customers (id bigint PRIMARY KEY, nme text, phone text);
CREATE TABLE goods (id bigint PRIMARY KEY, price integer);
CREATE VIEW cheap AS SELECT id, price FROM goods WHERE price < 10;
CREATE VIEW dear AS SELECT id FROM goods WHERE price > 1000;
