CREATE TABLE orders (
    id bigint PRIMARY KEY,
    number varchar(20) NOT NULL,
    total integer,
    placed_at timestamptz NOT NULL
);
