DELETE FROM rates AS a USING rates AS b WHERE a.currency = b.currency AND a.id < b.id;
ALTER TABLE rates ADD CONSTRAINT rates_currency UNIQUE (currency);
