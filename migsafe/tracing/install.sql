-- What a traced run tells (PostgreSQL manual, chapter 40, Event Triggers): before and after each DDL statement the locks
-- that the session holds, what it has scanned so far, and where the write-ahead log stands; of each rewrite the reason.
-- INFO reaches the client whatever client_min_messages says. Names go in hexadecimal: any client encoding has that.
CREATE SCHEMA migsafe_sandbox;

CREATE FUNCTION migsafe_sandbox.tell_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $body$
BEGIN
    RAISE INFO USING MESSAGE = '{mark}' || json_build_object(
        'event', TG_EVENT,
        'position', pg_current_wal_insert_lsn() - '0/0',
        'lock_timeout', current_setting('lock_timeout'),
        'locks', (
            SELECT coalesce(json_agg(json_build_array(
                relation::bigint, mode, pg_relation_filenode(relation)::bigint,
                CASE WHEN relkind IN ('i', 'I') THEN encode(convert_to(relname, 'UTF8'), 'hex') END
            )), '[]')
            FROM pg_locks
            LEFT JOIN pg_class ON pg_class.oid = relation
            WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND mode <> 'SIReadLock' AND relation::bigint >= 16384
        ),
        'scans', {counters}
    );
END
$body$;

CREATE FUNCTION migsafe_sandbox.tell_rewrite() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $body$
BEGIN
    RAISE INFO USING MESSAGE = '{mark}' || json_build_object(
        'event', TG_EVENT,
        'relation', pg_event_trigger_table_rewrite_oid()::bigint,
        'reason', pg_event_trigger_table_rewrite_reason()
    );
END
$body$;

CREATE EVENT TRIGGER migsafe_start ON ddl_command_start EXECUTE FUNCTION migsafe_sandbox.tell_ddl();
CREATE EVENT TRIGGER migsafe_end ON ddl_command_end EXECUTE FUNCTION migsafe_sandbox.tell_ddl();
CREATE EVENT TRIGGER migsafe_rewrite ON table_rewrite EXECUTE FUNCTION migsafe_sandbox.tell_rewrite();

-- Also where the migration sets session_replication_role.
ALTER EVENT TRIGGER migsafe_start ENABLE ALWAYS;
ALTER EVENT TRIGGER migsafe_end ENABLE ALWAYS;
ALTER EVENT TRIGGER migsafe_rewrite ENABLE ALWAYS;
