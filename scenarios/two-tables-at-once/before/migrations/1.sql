CREATE TABLE orders (
    id bigint PRIMARY KEY,
    number varchar(20) NOT NULL,
    total integer,
    placed_at timestamptz NOT NULL
);
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
