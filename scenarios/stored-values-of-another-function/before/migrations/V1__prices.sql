CREATE FUNCTION with_tax(net numeric) RETURNS numeric IMMUTABLE LANGUAGE sql RETURN net * 1.19;

CREATE TABLE prices (
    id bigint PRIMARY KEY,
    net numeric NOT NULL,
    gross numeric GENERATED ALWAYS AS (with_tax(net)) STORED
);
