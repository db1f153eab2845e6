INSERT INTO countries (code, name) VALUES ('pt', 'Portugal');
