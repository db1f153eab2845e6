-- Single edits of the database in every_kind.sql, one statement a line, so that each kind of object is made, dropped and
-- changed in each way that there is. Above each the kind, and the first major version that knows the statement.

-- schema
CREATE SCHEMA archive AUTHORIZATION reporter;
-- schema
DROP SCHEMA "Weird ""schema" CASCADE;
-- schema
COMMENT ON SCHEMA shop IS 'other goods';
-- schema
ALTER SCHEMA shop OWNER TO reporter;
-- default privileges
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT USAGE ON SEQUENCES TO reporter;
-- default privileges
ALTER DEFAULT PRIVILEGES IN SCHEMA shop REVOKE SELECT ON TABLES FROM reporter;
-- default privileges
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
-- extension
CREATE EXTENSION pg_trgm SCHEMA shop;
-- language
DROP LANGUAGE other CASCADE;
-- language
COMMENT ON LANGUAGE other IS 'another';
-- language
CREATE LANGUAGE third HANDLER shop.handler;
-- access method
DROP ACCESS METHOD tree;
-- access method
CREATE ACCESS METHOD bush TYPE INDEX HANDLER bthandler;
-- access method
COMMENT ON ACCESS METHOD tree IS 'as btree';

-- enum
CREATE TYPE shop.colour AS ENUM ('red', 'it''s "blue"');
-- enum
DROP TYPE shop.mood CASCADE;
-- enum
COMMENT ON TYPE shop.mood IS 'how one feels';
-- enum
ALTER TYPE shop.mood OWNER TO reporter;
-- composite type
CREATE TYPE shop.pair AS (a integer, "B" shop.mood[]);
-- composite type
ALTER TYPE shop.address ADD ATTRIBUTE country text CASCADE;
-- composite type
ALTER TYPE shop.address DROP ATTRIBUTE zip CASCADE;
-- composite type
ALTER TYPE shop.address OWNER TO reporter;
-- composite type
DROP TYPE shop.address CASCADE;
-- range
CREATE TYPE shop.days AS RANGE (subtype = date);
-- range
DROP TYPE shop.span CASCADE;
-- range
COMMENT ON TYPE shop.span IS 'from to';
-- domain
CREATE DOMAIN shop.percent AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100) CONSTRAINT not_one CHECK (VALUE <> 1);
-- domain
ALTER DOMAIN shop.email DROP NOT NULL;
-- domain
ALTER DOMAIN shop.email DROP DEFAULT;
-- domain
ALTER DOMAIN shop.email ADD CONSTRAINT short CHECK (length(VALUE) < 100) NOT VALID;
-- domain
ALTER DOMAIN shop.email OWNER TO reporter;
-- domain
DROP DOMAIN shop.email CASCADE;
-- base type
DROP TYPE shop.base CASCADE;
-- base type
COMMENT ON TYPE shop.base IS 'low';
-- collation
CREATE COLLATION shop.posix (provider = libc, locale = 'POSIX');
-- collation
COMMENT ON COLLATION shop.plain IS 'by bytes';
-- collation
DROP COLLATION shop.plain;
-- conversion
DROP CONVERSION shop.latin;
-- conversion
CREATE CONVERSION shop.back FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
-- conversion
COMMENT ON CONVERSION shop.latin IS 'of old';

-- function
CREATE FUNCTION shop.twice(VARIADIC n numeric[]) RETURNS SETOF numeric LANGUAGE sql AS 'SELECT 2 * unnest(n)';
-- function
CREATE FUNCTION shop.table_of(OUT a integer, INOUT b text DEFAULT 'x') LANGUAGE sql AS $$SELECT 1, b$$;
-- function from 14
CREATE FUNCTION shop.counted() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop.customer WHERE mood = 'ok'; END;
-- function
CREATE OR REPLACE FUNCTION shop.add(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
-- function
ALTER FUNCTION shop.add(integer, integer) STRICT LEAKPROOF PARALLEL SAFE COST 5;
-- function
ALTER FUNCTION shop.add(integer, integer) SECURITY DEFINER SET search_path = shop, "Weird ""schema";
-- function
ALTER FUNCTION shop.touch() OWNER TO reporter;
-- function
CREATE FUNCTION shop.rows() RETURNS SETOF integer LANGUAGE sql ROWS 3 AS 'SELECT 1';
-- function
DROP FUNCTION shop.touch() CASCADE;
-- function
DROP FUNCTION shop.mood_number(shop.mood) CASCADE;
-- function
CREATE FUNCTION shop.numbered(shop.purchase) RETURNS integer LANGUAGE sql AS 'SELECT $1.number';
-- procedure
CREATE OR REPLACE PROCEDURE shop.clean(days integer) LANGUAGE sql AS 'SELECT days + 1';
-- procedure
COMMENT ON PROCEDURE shop.clean(integer) IS 'sweeps';
-- procedure
DROP PROCEDURE shop.clean(integer);
-- procedure
CREATE PROCEDURE shop.sweep(INOUT n bigint) LANGUAGE plpgsql AS $$BEGIN n := n + 1; END$$;
-- procedure
GRANT EXECUTE ON PROCEDURE shop.clean(integer) TO reporter;
-- aggregate
CREATE AGGREGATE shop.longest(text) (sfunc = text_larger, stype = text, sortop = >, parallel = safe, combinefunc = text_larger);
-- aggregate
DROP AGGREGATE shop.total(integer);
-- aggregate
COMMENT ON AGGREGATE shop.total(integer) IS 'of all';
-- aggregate
ALTER AGGREGATE shop.total(integer) OWNER TO reporter;
-- cast
CREATE CAST (shop.address AS text) WITH INOUT AS IMPLICIT;
-- cast
COMMENT ON CAST (shop.mood AS integer) IS 'its length';
-- operator
CREATE OPERATOR shop.+~ (FUNCTION = shop.add, LEFTARG = integer, RIGHTARG = integer);
-- operator
COMMENT ON OPERATOR shop.=~~= (point, point) IS 'about there';
-- operator
ALTER OPERATOR shop.=~~= (point, point) SET (RESTRICT = eqsel);
-- operator class
DROP OPERATOR CLASS shop.number USING btree;
-- operator class
CREATE OPERATOR CLASS shop.hashed FOR TYPE integer USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(integer);
-- operator family
DROP OPERATOR FAMILY shop.numbers USING btree;
-- operator family
CREATE OPERATOR FAMILY shop.hashes USING hash;
-- operator family
COMMENT ON OPERATOR FAMILY shop.numbers USING btree IS 'of all lengths';
-- transform
DROP TRANSFORM FOR shop.base LANGUAGE other;
-- transform
COMMENT ON TRANSFORM FOR shop.base LANGUAGE other IS 'to and fro';

-- text search configuration
CREATE TEXT SEARCH CONFIGURATION shop.found (COPY = english);
-- text search configuration
DROP TEXT SEARCH CONFIGURATION shop.search;
-- text search configuration
COMMENT ON TEXT SEARCH CONFIGURATION shop.search IS 'all';
-- text search dictionary
CREATE TEXT SEARCH DICTIONARY shop.stops (TEMPLATE = simple, stopwords = english);
-- text search dictionary
DROP TEXT SEARCH DICTIONARY shop.words CASCADE;
-- text search dictionary
ALTER TEXT SEARCH DICTIONARY shop.words OWNER TO reporter;
-- text search parser
DROP TEXT SEARCH PARSER shop.parser;
-- text search parser
COMMENT ON TEXT SEARCH PARSER shop.parser IS 'takes apart';
-- text search parser
CREATE TEXT SEARCH PARSER shop.cutter (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
-- text search template
DROP TEXT SEARCH TEMPLATE shop.template;
-- text search template
COMMENT ON TEXT SEARCH TEMPLATE shop.template IS 'to copy';
-- text search template
CREATE TEXT SEARCH TEMPLATE shop.bare (LEXIZE = dsimple_lexize);

-- table
CREATE TABLE shop.item (id bigint GENERATED ALWAYS AS IDENTITY (START 5), customer bigint REFERENCES shop.customer, name text NOT NULL DEFAULT 'x' COLLATE "C", PRIMARY KEY (id), UNIQUE (name, customer), CHECK (id > 0));
-- table
CREATE TABLE shop.purchase_2025 PARTITION OF shop.purchase FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
-- table
CREATE TABLE shop.chief (car text) INHERITS (shop.employee);
-- table
CREATE TABLE shop.typed_too OF shop.address (PRIMARY KEY (street));
-- table
DROP TABLE shop.purchase CASCADE;
-- table
ALTER TABLE shop.purchase DETACH PARTITION shop.purchase_2024; DROP TABLE shop.purchase_2024;
-- table
DROP TABLE shop.customer CASCADE;
-- table
DROP TABLE shop.misc;
-- table
ALTER TABLE shop.customer FORCE ROW LEVEL SECURITY;
-- table
ALTER TABLE shop.typed NOT OF;
-- table
ALTER TABLE shop.nothing SET SCHEMA public;
-- column
ALTER TABLE shop.customer ADD COLUMN number serial, ADD COLUMN "select 2" numeric(4, 1) DEFAULT 1.5 NOT NULL;
-- column
ALTER TABLE shop.customer ALTER "select" TYPE varchar(80) COLLATE "C";
-- column
ALTER TABLE shop.customer ALTER "select" TYPE text COLLATE "POSIX";
-- column
ALTER TABLE shop.scratch ALTER a TYPE bigint USING a::bigint, ALTER b SET DEFAULT nextval('shop.number');
-- column
ALTER TABLE shop.scratch ALTER a SET (n_distinct = -0.5);
-- column from 14
ALTER TABLE shop.scratch ALTER c SET COMPRESSION pglz;
-- column
ALTER TABLE shop.person ADD COLUMN born date;
-- column
ALTER TABLE shop.purchase ADD COLUMN remark text;
-- column
ALTER TABLE shop.purchase DROP COLUMN number;
-- column
ALTER TABLE shop.misc ALTER id DROP DEFAULT;
-- column
ALTER TABLE shop.customer ALTER id DROP IDENTITY;
-- column
ALTER TABLE shop.customer ADD COLUMN doubled integer GENERATED ALWAYS AS (length(note) * 2) STORED;
-- constraint
ALTER TABLE shop.customer DROP CONSTRAINT customer_pkey CASCADE;
-- constraint
ALTER TABLE shop.person ADD CONSTRAINT named CHECK (name <> '') NOT VALID;
-- constraint
ALTER TABLE shop.person ADD CONSTRAINT own CHECK (id > 0) NO INHERIT;
-- constraint
ALTER TABLE shop.scratch ADD CONSTRAINT once UNIQUE (a, b) INCLUDE (c) DEFERRABLE;
-- constraint
ALTER TABLE shop.scratch ADD EXCLUDE USING btree (a WITH =) WHERE (b > 0);
-- constraint
COMMENT ON CONSTRAINT positive ON shop.purchase IS 'no gifts';
-- constraint
ALTER TABLE shop.delivery DROP CONSTRAINT delivery_purchase_day_purchase_fkey;
-- constraint
ALTER TABLE shop.purchase ALTER CONSTRAINT purchase_customer_fkey NOT DEFERRABLE;
-- index
CREATE UNIQUE INDEX scratch_b ON shop.scratch USING btree (b DESC NULLS LAST, lower(c) text_pattern_ops) INCLUDE (a) WITH (fillfactor = 50);
-- index
CREATE INDEX purchase_amount ON shop.purchase (amount) WHERE amount > 1;
-- index
CREATE INDEX purchase_only ON ONLY shop.purchase (number);
-- index
DROP INDEX shop.purchase_customer;
-- index
DROP INDEX shop.customer_note;
-- index
ALTER INDEX shop.customer_note ALTER COLUMN 1 SET STATISTICS 50;
-- index
ALTER TABLE shop.person REPLICA IDENTITY USING INDEX person_pkey;
-- trigger
CREATE TRIGGER guard BEFORE UPDATE OF note, mood ON shop.customer FOR EACH ROW WHEN (NEW.note <> OLD.note) EXECUTE FUNCTION shop.touch('a', 'it''s');
-- trigger
CREATE TRIGGER batch AFTER DELETE ON shop.person REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION shop.touch();
-- trigger
DROP TRIGGER touch ON shop.customer;
-- trigger
COMMENT ON TRIGGER each ON shop.purchase IS 'each row';
-- trigger
DROP TRIGGER each ON shop.purchase;
-- policy
CREATE POLICY strict ON shop.customer AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (true) WITH CHECK (note IS NOT NULL);
-- policy
ALTER POLICY own ON shop.customer TO "Odd ""role", reporter;
-- policy
COMMENT ON POLICY own ON shop.customer IS 'who sees';
-- policy
DROP POLICY own ON shop.customer;
-- rule
CREATE RULE silent AS ON DELETE TO shop.scratch WHERE OLD.a > 1 DO INSTEAD NOTHING;
-- rule
COMMENT ON RULE redirect ON shop.happy IS 'nowhere';
-- statistics
CREATE STATISTICS shop.of_scratch (ndistinct, mcv) ON a, b FROM shop.scratch;
-- statistics
DROP STATISTICS shop.customer_statistics;
-- statistics
COMMENT ON STATISTICS shop.customer_statistics IS 'of two';

-- view
CREATE VIEW shop.joined AS SELECT h.id, p.amount FROM shop.happy h JOIN shop.purchase p ON p.customer = h.id;
-- view
CREATE VIEW shop.plainly AS SELECT id, note FROM shop.customer WHERE note <> '' WITH LOCAL CHECK OPTION;
-- view
CREATE RECURSIVE VIEW shop.counted_up (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM counted_up WHERE n < 3;
-- view
DROP VIEW shop.happy;
-- view
COMMENT ON VIEW shop.happy IS 'who smiles';
-- view
CREATE OR REPLACE VIEW shop.happy AS SELECT id, email, note FROM shop.customer WHERE mood = 'happy';
-- view
ALTER VIEW shop.happy ALTER COLUMN email SET DEFAULT 'a@b';
-- view
REVOKE SELECT ON shop.happy FROM reporter;
-- materialized view
CREATE MATERIALIZED VIEW shop.per_day AS SELECT day, count(*) AS n FROM shop.purchase GROUP BY day WITH NO DATA;
-- materialized view
CREATE UNIQUE INDEX summary_mood ON shop.summary (mood);
-- materialized view
DROP MATERIALIZED VIEW shop.unfilled;
-- materialized view
ALTER MATERIALIZED VIEW shop.summary SET (fillfactor = 50);
-- materialized view
COMMENT ON MATERIALIZED VIEW shop.summary IS 'in short';
-- sequence
CREATE SEQUENCE shop.odd AS smallint START 3 INCREMENT 2 MINVALUE 1 MAXVALUE 99 CACHE 5 OWNED BY shop.scratch.a;
-- sequence
ALTER SEQUENCE shop.number MINVALUE 5 MAXVALUE 5000 START 20 CACHE 3;
-- sequence
COMMENT ON SEQUENCE shop.number IS 'by fives';
-- sequence
ALTER SEQUENCE shop.number OWNER TO reporter;
-- sequence
DROP SEQUENCE shop.number CASCADE;
-- sequence
ALTER SEQUENCE shop.customer_id_seq INCREMENT 10 RESTART;

-- foreign-data wrapper
CREATE FOREIGN DATA WRAPPER elsewhere;
-- foreign-data wrapper
ALTER FOREIGN DATA WRAPPER nowhere OPTIONS (SET debug 'false', ADD "Odd" 'it''s');
-- foreign-data wrapper
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
-- foreign-data wrapper
COMMENT ON FOREIGN DATA WRAPPER nowhere IS 'to nothing';
-- foreign server
CREATE SERVER near TYPE 'a' VERSION '1' FOREIGN DATA WRAPPER nowhere OPTIONS (port '1');
-- foreign server
ALTER SERVER far VERSION '2';
-- foreign server
DROP SERVER far CASCADE;
-- foreign server
GRANT USAGE ON FOREIGN SERVER far TO reporter;
-- foreign table
CREATE FOREIGN TABLE shop.distant (a integer OPTIONS (name 'c') NOT NULL, b text CHECK (b <> '')) SERVER far;
-- foreign table
ALTER FOREIGN TABLE shop.remote ADD COLUMN b integer, ALTER a OPTIONS (SET name 'd', ADD key 'true');
-- foreign table
COMMENT ON FOREIGN TABLE shop.remote IS 'far away';
-- foreign table
DROP FOREIGN TABLE shop.remote;
-- user mapping
CREATE USER MAPPING FOR PUBLIC SERVER far;
-- user mapping
DROP USER MAPPING FOR reporter SERVER far;
-- publication
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true);
-- publication
ALTER PUBLICATION changes SET (publish = 'insert', publish_via_partition_root = true);
-- publication
COMMENT ON PUBLICATION changes IS 'of people';
-- publication
DROP PUBLICATION changes;
-- publication table
ALTER PUBLICATION changes ADD TABLE shop.purchase;
-- publication table
ALTER PUBLICATION changes DROP TABLE shop.person;
-- publication table from 15
ALTER PUBLICATION changes SET TABLE shop.person (id) WHERE (id > 1);
-- publication schema from 15
ALTER PUBLICATION changes ADD TABLES IN SCHEMA shop;
-- event trigger
CREATE EVENT TRIGGER after ON ddl_command_end EXECUTE FUNCTION shop.watch();
-- event trigger
DROP EVENT TRIGGER watching;
-- event trigger
COMMENT ON EVENT TRIGGER watching IS 'who drops';
