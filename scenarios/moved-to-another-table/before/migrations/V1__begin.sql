CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10, 2));
CREATE TABLE persons (id bigint PRIMARY KEY, name text);
