-- Two schemas of the same shop; between them lies one of each change that objects which need each other make hard.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE old_kind AS ENUM ('x');
CREATE DOMAIN code AS text CHECK (VALUE <> '');
CREATE FUNCTION next_code() RETURNS text LANGUAGE sql AS $$SELECT 'c'$$;
CREATE FUNCTION price_of(amount integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT amount * 2';
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE customers (
    id serial PRIMARY KEY,
    "Full Name" varchar(40) NOT NULL,
    code code DEFAULT next_code(),
    age smallint,
    kind old_kind,
    born text,
    total integer CHECK (price_of(total) > 0)
);
CREATE INDEX customers_price ON customers (price_of(total));
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer integer NOT NULL REFERENCES customers,
    amount integer,
    doubled integer GENERATED ALWAYS AS (amount * 2) STORED
);
CREATE VIEW spent AS SELECT customer, sum(amount) AS amount FROM orders GROUP BY customer;
CREATE VIEW big AS SELECT * FROM spent WHERE amount > 100;
COMMENT ON VIEW big IS 'those who buy';
COMMENT ON COLUMN big.amount IS 'in cents';
GRANT SELECT ON big TO PUBLIC;
CREATE MATERIALIZED VIEW cached AS SELECT * FROM big;
CREATE UNIQUE INDEX ON cached (customer);
CREATE RULE nothing AS ON INSERT TO big DO INSTEAD NOTHING;
CREATE TRIGGER on_amount BEFORE UPDATE OF amount ON orders FOR EACH ROW WHEN (NEW.amount > 1) EXECUTE FUNCTION note_change();
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY cheap ON orders USING (amount < 10);
CREATE TABLE events (day date NOT NULL, what text, n integer) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2 (what text, day date NOT NULL, n integer);
CREATE TABLE left_over (id integer PRIMARY KEY, other integer);
CREATE TABLE left_too (id integer PRIMARY KEY, other integer REFERENCES left_over);
ALTER TABLE left_over ADD FOREIGN KEY (other) REFERENCES left_too;
CREATE SEQUENCE numbers AS integer INCREMENT -2 MINVALUE -100 MAXVALUE 10 START 10;
CREATE TABLE was_serial (id serial, v text);
CREATE TABLE t (a integer, b integer);
CREATE VIEW replaced AS SELECT a FROM t;
CREATE TABLE becomes_view (a integer);
