CREATE TABLE tags (name text PRIMARY KEY);
CREATE TABLE customer_tags (customer_id bigint REFERENCES customers, tag text REFERENCES tags);
