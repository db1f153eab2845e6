CREATE INDEX customers_name ON customers (name);
CREATE TABLE notes (id bigint PRIMARY KEY, text text);
INSERT INTO notes SELECT n, 'x' FROM generate_series(1, 300) AS n;
CREATE INDEX notes_text ON notes (text);
