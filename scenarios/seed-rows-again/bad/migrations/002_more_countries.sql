INSERT INTO countries (code, name) VALUES ('ee', 'Estonia'), ('fi', 'Suomi – Finland');
