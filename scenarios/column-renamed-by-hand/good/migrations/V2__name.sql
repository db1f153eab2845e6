ALTER TABLE customers RENAME COLUMN nme TO name;
