ALTER TABLE customers ADD COLUMN name text;
ALTER TABLE customers DROP COLUMN nme;
