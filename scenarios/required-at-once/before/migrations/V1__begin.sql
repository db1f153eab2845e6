CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE TYPE status AS ENUM ('new', 'paid');
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint, status status NOT NULL DEFAULT 'new', note varchar(80));
