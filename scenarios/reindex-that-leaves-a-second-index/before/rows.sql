INSERT INTO customers (name, email) VALUES
    ('Ada', 'ada@example.com'),
    ('Grace', NULL),
    ('Ada again', 'ada@example.com');
