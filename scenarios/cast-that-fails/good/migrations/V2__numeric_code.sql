ALTER TABLE products ALTER COLUMN code TYPE integer USING replace(code, '-', '')::integer;
