INSERT INTO orders (id, number, total, placed_at)
SELECT n, 'N-' || n, n, timestamptz '2024-01-01 00:00+00' + n * interval '1 hour'
FROM generate_series(1, 300) AS n;
