ALTER TABLE customers ADD COLUMN country text NOT NULL DEFAULT 'unknown';
ALTER TABLE customers ADD CONSTRAINT customers_country_known CHECK (country <> '');
ALTER TABLE orders ALTER COLUMN note TYPE varchar(200);
ALTER TYPE status ADD VALUE 'shipped';
