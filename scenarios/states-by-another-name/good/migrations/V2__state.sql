CREATE TYPE ticket_state AS ENUM ('open', 'waiting', 'closed');
ALTER TABLE tickets ALTER COLUMN state TYPE ticket_state USING state::ticket_state;
ALTER TABLE tickets ALTER COLUMN id TYPE bigint;
