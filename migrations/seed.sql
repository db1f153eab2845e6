-- Rows for the shop as it stands before the cancellations of June 2025: the same rows on every machine, in every year.

INSERT INTO categories (name) VALUES ('Brot'), ('Café'), ('Käse'), ('Obst & Gemüse'), ('お茶');

INSERT INTO products (sku, name, description, price, category_id)
SELECT
    'SKU-' || lpad(n::text, 4, '0'),
    (ARRAY['Sauerteig', 'Espresso', 'Bergkäse', 'Äpfel', '煎茶', 'Żurek', 'Crème fraîche'])[1 + n % 7] || ' ' || n,
    CASE WHEN n % 3 > 0 THEN 'Batch ' || n % 12 || ', made by hand' END,
    round(1.49 + (n * 37 % 900) / 10.0, 2),
    CASE WHEN n % 11 > 0 THEN 1 + n % 5 END
FROM generate_series(1, 120) AS n;

INSERT INTO customers (email, name, phone, created_at)
SELECT
    'customer' || n || '@example.com',
    (ARRAY['Zoë', 'Łukasz', 'Иван', 'محمد', '美咲', 'Seán', 'Ana María', 'O''Neill'])[1 + n % 8] || ' №' || n,
    CASE WHEN n % 4 > 0 THEN '+49 30 ' || 100000 + n * 7919 % 900000 END,
    timestamptz '2022-03-07 09:00+00' + n * interval '31 hours'
FROM generate_series(1, 400) AS n;

-- Orders of the first seventeen months are older than the audit log.
INSERT INTO orders (customer_id, status, placed_at, note, currency)
SELECT
    1 + n * 17 % 400,
    (ARRAY['shipped', 'shipped', 'paid', 'shipped', 'cancelled', 'new', 'shipped', 'refunded', 'shipped', 'shipped'])
        [1 + n * 7 % 10]::order_status,
    timestamptz '2022-03-14 08:00+00' + n * interval '14 hours',
    CASE n % 50 WHEN 0 THEN 'Bitte klingeln 🔔' WHEN 25 THEN '' END,
    CASE WHEN n % 9 = 0 THEN 'PLN' WHEN n % 13 = 0 THEN 'CHF' ELSE 'EUR' END
FROM generate_series(1, 2000) AS n;

INSERT INTO order_lines (order_id, position, product_id, quantity, unit_price)
SELECT orders.id, position, products.id, 1 + (orders.id + position) % 6, products.price
FROM orders
CROSS JOIN generate_series(1, 3) AS position
JOIN products ON products.id = 1 + (orders.id * 31 + position * 7) % 120
WHERE position <= 1 + orders.id % 3;

INSERT INTO payments (order_id, received_at, amount, method, reference)
SELECT
    id,
    placed_at + interval '20 minutes',
    total,
    (ARRAY['card', 'transfer', 'invoice'])[1 + id % 3],
    CASE WHEN id % 5 > 0 THEN 'RF' || lpad(id::text, 8, '0') END
FROM orders JOIN order_totals ON order_id = id
WHERE status IN ('paid', 'shipped', 'refunded');

INSERT INTO refunds (order_id, amount, reason, refunded_at)
SELECT id, total, CASE WHEN id % 2 = 0 THEN 'Arrived broken' END, placed_at + interval '9 days'
FROM orders JOIN order_totals ON order_id = id
WHERE status = 'refunded';

INSERT INTO audit_log (order_id, old_status, new_status, changed_by, changed_at)
SELECT id, 'new', status, CASE WHEN id % 4 = 0 THEN 'back office' ELSE 'shop' END, placed_at + interval '3 hours'
FROM orders
WHERE status <> 'new' AND placed_at >= '2023-08-14 00:00+00';

INSERT INTO inventory (warehouse, product_id)
SELECT code, products.id
FROM warehouses CROSS JOIN products
WHERE (products.id + ascii(code)) % 3 > 0;

INSERT INTO inventory_movements (warehouse, product_id, quantity, moved_at)
SELECT
    warehouse,
    product_id,
    CASE delivery WHEN 1 THEN 40 ELSE -(product_id % 25)::integer END,
    timestamptz '2024-11-01 06:00+00' + product_id * interval '1 hour' + delivery * interval '30 days'
FROM inventory CROSS JOIN generate_series(1, 2) AS delivery;
