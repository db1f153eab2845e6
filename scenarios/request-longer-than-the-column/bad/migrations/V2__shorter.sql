ALTER TABLE customers ALTER COLUMN email TYPE varchar(50);
ALTER TABLE customers ALTER COLUMN first_name SET NOT NULL;
