ALTER TABLE customers ADD COLUMN mail text;
