CREATE TABLE customers (id bigint PRIMARY KEY, email text);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers ON DELETE CASCADE);
CREATE TABLE comments (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers ON DELETE SET NULL);
