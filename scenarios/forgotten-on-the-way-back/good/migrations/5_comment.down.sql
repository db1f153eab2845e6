ALTER TABLE customers DROP COLUMN fax_prefix;
COMMENT ON COLUMN customers.fax IS 'as dialled from abroad';
