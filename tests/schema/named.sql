-- Tables and columns that are named wherever a name can stand.
CREATE SCHEMA "the other";
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (
    id serial PRIMARY KEY,
    a int NOT NULL CHECK (a > 0),
    "b c" text UNIQUE,
    m mood DEFAULT 'a',
    g int GENERATED ALWAYS AS (a * 2) STORED,
    i bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX t_a ON t (a, lower("b c") text_pattern_ops) INCLUDE (m) WHERE a > 5 AND "b c" <> 'a';
CREATE TABLE u (
    id int PRIMARY KEY,
    t int REFERENCES t (id) ON DELETE CASCADE,
    ta int,
    tb text REFERENCES t ("b c") DEFERRABLE,
    EXCLUDE (ta WITH =)
);
CREATE TABLE "t 1" (a int, t t, many t[], CONSTRAINT t CHECK (a = 1 AND 'a' <> 'public.t'));
CREATE VIEW v AS SELECT t.id, t.a, u.ta FROM t JOIN u ON u.t = t.id;
CREATE MATERIALIZED VIEW mv AS SELECT a, count(*) FROM t GROUP BY a;
CREATE TRIGGER t BEFORE UPDATE OF a, m ON t FOR EACH ROW WHEN (NEW.a > OLD.a) EXECUTE FUNCTION touched('a');
CREATE CONSTRAINT TRIGGER of_both AFTER INSERT ON u FROM t FOR EACH ROW EXECUTE FUNCTION touched();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t USING (a > 1) WITH CHECK (a > 2 AND "b c" = 'a');
CREATE STATISTICS a ON a, "b c" FROM t;
CREATE RULE r AS ON DELETE TO u DO ALSO DELETE FROM t WHERE t.a = OLD.ta;
CREATE FUNCTION t(t) RETURNS int LANGUAGE sql AS 'SELECT $1.id';
CREATE FUNCTION many(of t[], t int) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
CREATE TABLE part (k int, a int, x int) PARTITION BY LIST (a);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2) PARTITION BY RANGE (abs(x), k);
CREATE INDEX ON part (a, x);
ALTER TABLE part ADD CHECK (x > 0);
CREATE TABLE parent (p int CHECK (p > 0), q int);
CREATE TABLE child (z int) INHERITS (parent);
CREATE INDEX ON child (p, z);
COMMENT ON TABLE t IS 'public.t';
COMMENT ON COLUMN t.a IS 'a';
CREATE PUBLICATION pub FOR TABLE t;
GRANT SELECT (a) ON t TO CURRENT_USER;
