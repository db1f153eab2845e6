INSERT INTO events VALUES (2019, 'old'), (2020, 'new');
