CREATE TABLE IF NOT EXISTS notes (customer_id bigint REFERENCES customers, note text);
