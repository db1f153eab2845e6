-- Single edits of the database in every_kind.sql, one statement a line; above each, what must be said of it.

-- column shop.customer.note: default: none → 'x'
ALTER TABLE shop.customer ALTER note SET DEFAULT 'x';

-- column shop.misc.a: type: inet → text
ALTER TABLE shop.misc ALTER a TYPE text;

-- column shop.person.name: not_null: none → true
ALTER TABLE shop.person ALTER name SET NOT NULL;

-- column shop.customer.note: statistics_target: 300 → 10
ALTER TABLE shop.customer ALTER note SET STATISTICS 10;

-- column shop.customer.note: storage: e → m
ALTER TABLE shop.customer ALTER note SET STORAGE MAIN;

-- column shop.customer.id: identity: by default → always
ALTER TABLE shop.customer ALTER id SET GENERATED ALWAYS;

-- column shop.customer.full_note: generated
ALTER TABLE shop.customer ALTER full_note DROP EXPRESSION;

-- column shop.customer.extra: added
ALTER TABLE shop.customer ADD extra integer;

-- column shop.customer."select": removed
ALTER TABLE shop.customer DROP "select";

-- column shop.customer.remark: added
ALTER TABLE shop.customer RENAME note TO remark;

-- column shop.customer.note: comment: anything → none
COMMENT ON COLUMN shop.customer.note IS NULL;

-- table shop.customer: comment: who buys → buyers
COMMENT ON TABLE shop.customer IS 'buyers';

-- composite type shop.address: comment: where → there
COMMENT ON TYPE shop.address IS 'there';

-- index shop.customer_note: comment
COMMENT ON INDEX shop.customer_note IS NULL;

-- domain shop.email: constraint_comments
COMMENT ON CONSTRAINT has_at ON DOMAIN shop.email IS 'x';

-- function shop.add(integer,integer): comment
COMMENT ON FUNCTION shop.add(integer, integer) IS 'sum';

-- table shop.person: privileges: -reporter=r/postgres, +reporter=ar/postgres
GRANT INSERT ON shop.person TO reporter;

-- column shop.customer.note: privileges: 
REVOKE SELECT (note) ON shop.customer FROM reporter;

-- schema shop: privileges
GRANT CREATE ON SCHEMA shop TO reporter;

-- function shop.add(integer,integer): privileges
REVOKE EXECUTE ON FUNCTION shop.add FROM PUBLIC;

-- enum shop.mood: privileges
REVOKE USAGE ON TYPE shop.mood FROM PUBLIC;

-- sequence shop.number: privileges
GRANT USAGE ON SEQUENCE shop.number TO reporter;

-- default privileges
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT INSERT ON TABLES TO reporter;

-- table shop.person: owner
ALTER TABLE shop.person OWNER TO reporter;

-- index shop.customer_note: removed
DROP INDEX shop.customer_note;

-- index shop.customer_note: invalid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.customer_note'::regclass;

-- index shop.customer_pkey: clustered: none → true
ALTER TABLE shop.customer CLUSTER ON customer_pkey;

-- index shop.person_name_idx: added
CREATE INDEX ON shop.person (name);

-- index shop.customer_note: definition
ALTER INDEX shop.customer_note SET (fillfactor = 50);

-- trigger off on shop.customer: enabled: disabled → origin
ALTER TABLE shop.customer ENABLE TRIGGER off;

-- constraint purchase_customer_fkey on shop.purchase_2024: triggers_disabled
ALTER TABLE shop.purchase_2024 DISABLE TRIGGER ALL;

-- trigger touch on shop.customer: removed
DROP TRIGGER touch ON shop.customer;

-- constraint positive on shop.purchase: definition
ALTER TABLE shop.purchase VALIDATE CONSTRAINT positive;

-- deferred: none → true
ALTER TABLE shop.purchase ALTER CONSTRAINT purchase_customer_fkey DEFERRABLE INITIALLY DEFERRED;

-- constraint c on shop.customer: added
ALTER TABLE shop.customer RENAME CONSTRAINT customer_note_check TO c;

-- sequence shop.number: at 10 → 10 (not yet called)
ALTER SEQUENCE shop.number RESTART;

-- sequence shop.number: at 10 → 15
SELECT nextval('shop.number');

-- sequence shop.number: increment: 5 → 7
ALTER SEQUENCE shop.number INCREMENT 7 NO CYCLE;

-- sequence shop.number: owned_by: none → shop.person.id
ALTER SEQUENCE shop.number OWNED BY shop.person.id;

-- table shop.customer: row_security: true → none
ALTER TABLE shop.customer DISABLE ROW LEVEL SECURITY;

-- policy own on shop.customer: using
ALTER POLICY own ON shop.customer USING (true);

-- table shop.customer: options: -fillfactor=80, +fillfactor=90
ALTER TABLE shop.customer SET (fillfactor = 90);

-- table shop.customer: toast_options
ALTER TABLE shop.customer RESET (toast.autovacuum_enabled);

-- table shop.scratch: unlogged: true → none
ALTER TABLE shop.scratch SET LOGGED;

-- table shop.misc: replica_identity: full → none
ALTER TABLE shop.misc REPLICA IDENTITY DEFAULT;

-- table shop.employee: inherits
ALTER TABLE shop.employee NO INHERIT shop.person;

-- table shop.purchase_2024: partition_bound
ALTER TABLE shop.purchase DETACH PARTITION shop.purchase_2024;

-- enum shop.mood: labels: +glad
ALTER TYPE shop.mood ADD VALUE 'glad' BEFORE 'happy';

-- enum shop.mood: labels: -sad, +blue
ALTER TYPE shop.mood RENAME VALUE 'sad' TO 'blue';

-- domain shop.email: constraints
ALTER DOMAIN shop.email DROP CONSTRAINT has_at;

-- domain shop.email: default
ALTER DOMAIN shop.email SET DEFAULT 'x@y';

-- column shop.address.zip: removed
ALTER TYPE shop.address RENAME ATTRIBUTE zip TO code CASCADE;

-- function shop.add(integer,integer): body: SELECT a + b → SELECT a
CREATE OR REPLACE FUNCTION shop.add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a';

-- function shop.add(integer,integer): volatility: immutable → stable
ALTER FUNCTION shop.add STABLE;

-- procedure shop.clean(integer): security_definer: true → none
ALTER PROCEDURE shop.clean SECURITY INVOKER;

-- procedure shop.clean(integer): settings
ALTER PROCEDURE shop.clean RESET ALL;

-- aggregate shop.total(integer): initial: 0 → 1
CREATE OR REPLACE AGGREGATE shop.total(integer) (sfunc = int4pl, stype = integer, initcond = '1');

-- view shop.happy: definition
CREATE OR REPLACE VIEW shop.happy AS SELECT id, email FROM shop.customer;

-- rule redirect on shop.happy: removed
DROP RULE redirect ON shop.happy;

-- materialized view shop.unfilled: populated: false → true
REFRESH MATERIALIZED VIEW shop.unfilled;

-- event trigger watching: enabled: origin → disabled
ALTER EVENT TRIGGER watching DISABLE;

-- publication table shop.person in publication changes: removed
ALTER PUBLICATION changes DROP TABLE ONLY shop.person;

-- publication changes: delete: true → false
ALTER PUBLICATION changes SET (publish = 'insert');

-- statistics shop.customer_statistics: statistics_target
ALTER STATISTICS shop.customer_statistics SET STATISTICS 5;

-- foreign server far: options
ALTER SERVER far OPTIONS (SET host 'near.example');

-- user mapping reporter on server far: options: +login
ALTER USER MAPPING FOR reporter SERVER far OPTIONS (ADD login 'me');

-- foreign table shop.remote: server_options: -path=x, +path=y
ALTER FOREIGN TABLE shop.remote OPTIONS (SET path 'y');

-- cast (shop.mood AS integer): removed
DROP CAST (shop.mood AS integer);

-- operator shop.=~~=(pg_catalog.point,pg_catalog.point): removed
DROP OPERATOR shop.=~~= (point, point);

-- text search configuration shop.search: mapping
ALTER TEXT SEARCH CONFIGURATION shop.search DROP MAPPING FOR word;

-- text search dictionary shop.words: options
ALTER TEXT SEARCH DICTIONARY shop.words (accept = true);

-- extension plpgsql: removed
DROP EXTENSION plpgsql CASCADE;

-- schema "Weird ""schema": removed
DROP SCHEMA "Weird ""schema" CASCADE;

-- table shop.nothing: removed
DROP TABLE shop.nothing;

-- table shop.nothing: 0 → 1 rows
INSERT INTO shop.nothing DEFAULT VALUES;

-- table shop.misc: 2 → 1 rows
DELETE FROM shop.misc WHERE id = 2;

-- column shop.customer.note: values differ (20 → 19 not null)
UPDATE shop.customer SET note = NULL WHERE id = 3;

-- (2 → 3 not null)
UPDATE "Weird ""schema"."weird ""table" SET t = '' WHERE t IS NULL;

-- column shop.customer.note: values differ
UPDATE shop.customer SET note = CASE id WHEN 1 THEN 'note 2' ELSE 'note 1' END WHERE id IN (1, 2);

-- column shop.purchase_rest.amount: values differ
UPDATE shop.purchase SET amount = amount + CASE customer WHEN 2 THEN 1 ELSE -1 END WHERE customer IN (2, 3);

-- table shop.scratch: values have changed places between rows
UPDATE shop.scratch SET b = CASE c WHEN 'x' THEN 3 ELSE 2 END WHERE c IN ('x', 'y');

-- column shop.scratch.c: values differ (3 → 4 not null)
UPDATE shop.scratch SET c = '' WHERE c IS NULL;

-- column shop.misc.j: values differ
UPDATE shop.misc SET j = '{"a":1}' WHERE id = 1;

-- column shop.misc.jb: values differ
UPDATE shop.misc SET jb = '[1]' WHERE id = 2;

-- column shop.misc.p: values differ
UPDATE shop.misc SET p = '(1,3)' WHERE id = 1;

-- column shop.misc.i: values differ
UPDATE shop.misc SET i = '30 days' WHERE id = 1;

-- column shop.misc.d: values differ
UPDATE shop.misc SET d = 1 WHERE id = 1;

-- column shop.misc.big: values differ
UPDATE shop.misc SET big = 4294967295 WHERE id = 1;

-- column shop.misc.e: values differ
UPDATE shop.misc SET e = '[0:1]={sad,ok}' WHERE id = 1;

-- column shop.misc.ts: values differ
UPDATE shop.misc SET ts = 'infinity' WHERE id = 1;

-- column shop.misc.u: values differ (2 → 1 not null)
UPDATE shop.misc SET u = NULL WHERE id = 1;

-- column shop.misc.by: values differ
UPDATE shop.misc SET by = '\x00fe' WHERE id = 1;

-- column shop.misc.r: values differ
UPDATE shop.misc SET r = '[1,2]' WHERE id = 1;

-- column shop.customer.home: values differ
UPDATE shop.customer SET home.zip = 'x' WHERE id = 1;

-- column shop.person.name: values differ
UPDATE ONLY shop.person SET name = 'Bob';

-- column shop.employee.salary: values differ
UPDATE shop.employee SET salary = 1;

-- column pg_largeobject.data: values differ
SELECT lo_put(4242, 0, 'X');
