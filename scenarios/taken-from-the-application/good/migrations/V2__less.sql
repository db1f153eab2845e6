-- migsafe: ignore compatibility-column-removed(public.people.secret) no release since March reads or writes it
ALTER TABLE people DROP COLUMN secret;
CREATE FUNCTION price(amount integer, country text) RETURNS integer LANGUAGE sql AS 'SELECT amount';
ALTER TYPE mood ADD VALUE 'blue';
