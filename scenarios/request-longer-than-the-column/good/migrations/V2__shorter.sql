ALTER TABLE customers ALTER COLUMN email TYPE varchar(100);
ALTER TABLE customers ALTER COLUMN email SET NOT NULL;
ALTER TABLE customers ALTER COLUMN first_name TYPE varchar(20);
