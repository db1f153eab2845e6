ALTER TABLE customers RENAME COLUMN nme TO name;
ALTER TABLE customers ALTER COLUMN phone TYPE bigint USING phone::bigint;
ALTER TABLE goods RENAME TO products;
DROP VIEW cheap;
CREATE VIEW cheap AS SELECT price, id FROM products WHERE price < 10;
ALTER VIEW dear RENAME TO expensive;
