INSERT INTO accounts SELECT number, number * 10 FROM generate_series(1, 4) AS number;
