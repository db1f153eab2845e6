CREATE ROLE fax_desk;
ALTER TABLE customers ADD COLUMN desk text;
