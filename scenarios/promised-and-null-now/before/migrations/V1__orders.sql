CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shipped_at timestamptz NOT NULL,
    weight integer NOT NULL,
    note text NOT NULL
);
