CREATE TYPE ticket_state AS ENUM ('open', 'closed');
ALTER TABLE tickets ALTER COLUMN state TYPE ticket_state
    USING CASE state WHEN 'open' THEN 'open'::ticket_state WHEN 'closed' THEN 'closed' END;
