CREATE TABLE orders (id bigint PRIMARY KEY, cents bigint NOT NULL);

CREATE MATERIALIZED VIEW totals AS SELECT sum(cents) AS cents FROM orders;
