ALTER TABLE items DROP COLUMN quantity;
ALTER TABLE items ADD COLUMN quantity integer;
