COMMENT ON COLUMN customers.fax IS NULL;
ALTER TABLE customers ADD COLUMN fax_prefix text;
