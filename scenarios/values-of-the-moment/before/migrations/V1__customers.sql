CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text
);

CREATE TABLE audit (at timestamptz NOT NULL, what text NOT NULL);
ALTER TABLE customers ADD COLUMN reviewed_at timestamptz;
