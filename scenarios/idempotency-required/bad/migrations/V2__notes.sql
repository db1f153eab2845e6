CREATE TABLE notes (customer_id bigint REFERENCES customers, note text);
