ALTER TABLE rates DROP CONSTRAINT rates_currency;
