ALTER TABLE customers ADD COLUMN name text GENERATED ALWAYS AS (nme) STORED;
ALTER TABLE goods RENAME TO products;
CREATE VIEW goods AS SELECT * FROM products;
CREATE OR REPLACE VIEW cheap AS SELECT id, price, price * 100 AS cents FROM products WHERE price < 10;
