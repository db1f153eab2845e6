ALTER TABLE customers ALTER COLUMN name TYPE varchar(20) USING name::varchar(20);
