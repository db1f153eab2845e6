ALTER TABLE items ALTER COLUMN quantity TYPE integer USING quantity::integer;
