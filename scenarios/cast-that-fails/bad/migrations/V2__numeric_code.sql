ALTER TABLE products ALTER COLUMN code TYPE integer USING code::integer;
