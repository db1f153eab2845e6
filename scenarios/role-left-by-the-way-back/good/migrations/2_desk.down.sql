ALTER TABLE customers DROP COLUMN desk;
DROP ROLE fax_desk;
