CREATE TABLE products (
    id bigint PRIMARY KEY,
    code text NOT NULL
);
