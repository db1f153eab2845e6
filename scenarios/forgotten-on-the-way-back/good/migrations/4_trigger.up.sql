DROP TRIGGER trimmed ON customers;
ALTER TABLE customers ADD CHECK (fax = trim(fax));
