INSERT INTO audit (at, what) VALUES (clock_timestamp(), 'customers reviewed');
