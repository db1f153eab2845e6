-- What PostgreSQL 18 brought, as single edits of the tables in test_since_18.py: one statement a line.

-- keys without overlaps
CREATE TABLE shop.stay (room int4range, during int4range, PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE shop.guest (room int4range, during int4range, UNIQUE (room, during WITHOUT OVERLAPS), FOREIGN KEY (room, PERIOD during) REFERENCES shop.guest (room, PERIOD during));

-- virtual generated columns
ALTER TABLE shop.person ADD COLUMN later text GENERATED ALWAYS AS (lower(name)) VIRTUAL;
ALTER TABLE shop.person ALTER COLUMN upper SET EXPRESSION AS (upper(name || '!'));
ALTER TABLE shop.person DROP COLUMN upper;

-- constraints that aren't enforced
ALTER TABLE shop.person ADD CONSTRAINT loose CHECK (id > 0) NOT ENFORCED;
ALTER TABLE shop.badge ALTER CONSTRAINT badge_person_fkey NOT ENFORCED;
ALTER TABLE shop.badge ALTER CONSTRAINT old ENFORCED;
CREATE TABLE shop.loose (a integer CHECK (a > 0) NOT ENFORCED, b integer REFERENCES shop.person NOT ENFORCED);

-- a NOT NULL that has a name, isn't validated or isn't inherited
ALTER TABLE shop.person ALTER name SET NOT NULL;
ALTER TABLE shop.person ADD CONSTRAINT needed NOT NULL name;
ALTER TABLE shop.person ADD CONSTRAINT needed NOT NULL name NOT VALID;
ALTER TABLE shop.person ADD CONSTRAINT needed NOT NULL name NO INHERIT;
ALTER TABLE shop.person ADD NOT NULL name NOT VALID;
ALTER TABLE shop.badge VALIDATE CONSTRAINT unsure;
ALTER TABLE shop.badge RENAME CONSTRAINT unsure TO sure;
ALTER TABLE shop.badge ALTER number DROP NOT NULL;
ALTER TABLE shop.person ALTER CONSTRAINT own INHERIT;
ALTER TABLE shop.person ALTER CONSTRAINT person_born_not_null NO INHERIT;
ALTER TABLE shop.employee ADD CONSTRAINT named NOT NULL name;
CREATE TABLE shop.unsure (a integer CONSTRAINT b NOT NULL, c integer NOT NULL NO INHERIT, d integer);
CREATE TABLE shop.part PARTITION OF shop.parted FOR VALUES IN (1);
ALTER TABLE shop.parted ADD CONSTRAINT needed NOT NULL b NOT VALID;
ALTER TABLE shop.employee NO INHERIT shop.person;
ALTER TABLE shop.badge ADD COLUMN more integer CONSTRAINT most NOT NULL;
