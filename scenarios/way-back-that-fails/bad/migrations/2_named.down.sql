ALTER TABLE customers DROP CONSTRAINT name_given;
