SET lock_timeout = '2s';
ALTER TABLE orders ALTER COLUMN number TYPE varchar(40);
