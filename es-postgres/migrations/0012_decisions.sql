-- What commands decided that wrote no event, where their callers want that remembered. A command is in `commands` or here,
-- never in both.
--
-- A stream need not be there yet, so rows name it by category and key. The command id comes first in the primary key: an append
-- of another command learns from the index alone that nothing is here.
CREATE TABLE :schema.decisions (
    command_id  uuid NOT NULL,
    category    integer NOT NULL,
    key         text COLLATE "C" NOT NULL,
    revision    bigint NOT NULL,
    rejected    boolean NOT NULL,
    body_hash   bigint,
    recorded_at timestamptz NOT NULL,
    name        text COLLATE "C" NOT NULL,
    PRIMARY KEY (command_id, category, key)
);
CREATE INDEX decisions_recorded_at ON :schema.decisions USING brin (recorded_at) WITH (pages_per_range = 32);

-- Refuses an append of a command whose decision is remembered. The call that remembers holds the lock of the command id until its
-- transaction ends, and this waits for it; it does not keep the lock, so that an append holds none, however many commands it has.
-- Names are written in full, as in `append_one`.
CREATE FUNCTION :schema.refuse_decided() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_lock bigint := pg_catalog.uuid_hash_extended(NEW.command_id, 0);
    v_unlocked boolean;
BEGIN
    -- One expression, in which nothing can be interrupted after the lock was taken; and no query, which would take longer.
    v_unlocked := CASE WHEN pg_catalog.pg_advisory_lock_shared(v_lock) IS NOT NULL THEN pg_catalog.pg_advisory_unlock_shared(v_lock) END;
    -- A statement of its own, so that it sees what was committed meanwhile. Nearly always the first part is all that is run.
    IF EXISTS (SELECT FROM :schema.decisions d WHERE d.command_id OPERATOR(pg_catalog.=) NEW.command_id) THEN
        IF EXISTS (
            SELECT FROM :schema.decisions d
            JOIN :schema.streams s ON s.category OPERATOR(pg_catalog.=) d.category AND s.key OPERATOR(pg_catalog.=) d.key
            WHERE d.command_id OPERATOR(pg_catalog.=) NEW.command_id AND s.id OPERATOR(pg_catalog.=) NEW.stream) THEN
            RAISE EXCEPTION 'command % was decided before, and wrote nothing', NEW.command_id USING ERRCODE = 'ES003';
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- Where no decision was ever remembered, the size of the table says so, and a command pays for nothing else. A decision that is not
-- committed yet counts: `remember` writes it before it looks at the stream.
CREATE TRIGGER refuse_decided BEFORE INSERT ON :schema.commands
    FOR EACH ROW WHEN (pg_catalog.pg_relation_size(':schema.decisions'::pg_catalog.regclass) OPERATOR(pg_catalog.>) 0)
    EXECUTE FUNCTION :schema.refuse_decided();

-- Whether nobody has made a stream or is making it: an insert waits for those who are, and is undone. Null if they take long, and
-- then at the latest before the server looks for a deadlock: they may be waiting for the lock of the caller.
CREATE FUNCTION :schema.is_absent(p_category integer, p_key text) RETURNS boolean
LANGUAGE plpgsql SET search_path = :schema, pg_temp SET enable_seqscan = off SET lock_timeout = '200ms' AS $$
DECLARE
    v_stream bigint;
BEGIN
    INSERT INTO streams AS s (category, key, revision, head_event_id)
    VALUES (p_category, p_key, 0, '00000000-0000-0000-0000-000000000000')
    ON CONFLICT (category, key) DO NOTHING
    RETURNING s.id INTO v_stream;
    IF v_stream IS NULL THEN
        RETURN false;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'ES004', MESSAGE = 'the stream is not there';
EXCEPTION
    WHEN SQLSTATE 'ES004' THEN RETURN true;
    WHEN lock_not_available THEN RETURN NULL;
END $$;

-- Remembers a decision, if the stream still is as it was decided on. Of this and an append of the same command one goes through:
-- at a stream that is there they meet at its row. Where there is none, an append that has not waited for the lock of the command id
-- is making the stream, or had found it made.
CREATE FUNCTION :schema.remember(
    p_category integer, p_key text, p_revision bigint, p_head uuid,
    p_command uuid, p_command_name text, p_body_hash bigint, p_rejected boolean,
    OUT outcome text, OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_stream streams%ROWTYPE;
    v_absent boolean;
BEGIN
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;
    IF octet_length(p_key) NOT BETWEEN 1 AND 255 THEN
        RAISE EXCEPTION 'a stream key has 1 to 255 bytes' USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- The row first: an append waits for the lock of the command id while it holds the row.
    SELECT * INTO v_stream FROM streams s WHERE s.category = p_category AND s.key = p_key FOR NO KEY UPDATE;
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(p_command, 0));
    SELECT 'repeated', d.revision, 0, d.body_hash INTO outcome, revision, event_count, body_hash
    FROM decisions d WHERE d.command_id = p_command AND d.category = p_category AND d.key = p_key;
    IF FOUND THEN
        RETURN;
    END IF;
    -- Written first, for the trigger above to see that there is one, and undone if the stream is another than it was.
    BEGIN
        INSERT INTO decisions (command_id, category, key, revision, rejected, body_hash, recorded_at, name)
        VALUES (p_command, p_category, p_key, p_revision, p_rejected, p_body_hash, clock_timestamp(), p_command_name);
        outcome := 'remembered';
        IF v_stream.id IS NULL THEN
            v_absent := is_absent(p_category, p_key);
            IF v_absent IS NULL THEN
                outcome := 'held';
            ELSIF NOT v_absent THEN
                -- It came only now, and is not the one that was decided on.
                outcome := 'conflict';
                SELECT * INTO v_stream FROM streams s WHERE s.category = p_category AND s.key = p_key;
            END IF;
        END IF;
        revision := coalesce(v_stream.revision, 0);
        IF outcome = 'remembered'
           AND (revision <> p_revision OR v_stream.head_event_id IS DISTINCT FROM coalesce(p_head, v_stream.head_event_id)) THEN
            outcome := 'conflict';
        END IF;
        IF EXISTS (SELECT FROM commands c WHERE c.stream = v_stream.id AND c.command_id = p_command) THEN
            SELECT 'repeated', c.first_revision, c.event_count, c.body_hash INTO outcome, revision, event_count, body_hash
            FROM commands c WHERE c.stream = v_stream.id AND c.command_id = p_command;
        END IF;
        IF outcome <> 'remembered' THEN
            RAISE EXCEPTION USING ERRCODE = 'ES004', MESSAGE = 'the decision is not remembered';
        END IF;
    EXCEPTION
        WHEN SQLSTATE 'ES004' THEN NULL;
    END;
END $$;

-- As before, and it finds the decisions.
CREATE OR REPLACE FUNCTION :schema.refusal(
    p_category integer, p_key text, p_expected bigint, p_head uuid, p_command uuid,
    OUT outcome text, OUT revision bigint, OUT event_count bigint, OUT body_hash bigint)
LANGUAGE plpgsql SET search_path = :schema, pg_temp SET enable_seqscan = off AS $$
DECLARE
    v_isolation text := current_setting('transaction_isolation');
    v_stream streams%ROWTYPE;
    v_command commands%ROWTYPE;
    v_decision decisions%ROWTYPE;
BEGIN
    -- Under a snapshot that is older than the attempt, none of this could be told.
    IF v_isolation NOT IN ('read committed', 'read uncommitted') THEN
        outcome := v_isolation;
        RETURN;
    END IF;
    IF p_command IS NOT NULL THEN
        SELECT * INTO v_decision FROM decisions d
        WHERE d.command_id = p_command AND d.category = p_category AND d.key = p_key;
        IF FOUND THEN
            outcome := 'repeated';
            revision := v_decision.revision;
            event_count := 0;
            body_hash := v_decision.body_hash;
            RETURN;
        END IF;
    END IF;
    SELECT * INTO v_stream FROM streams s WHERE s.category = p_category AND s.key = p_key;
    IF NOT FOUND THEN
        revision := 0;
        outcome := CASE WHEN p_expected = 0 AND p_head IS NULL THEN 'again' ELSE 'conflict' END;
        RETURN;
    END IF;
    IF p_command IS NOT NULL THEN
        SELECT * INTO v_command FROM commands c WHERE c.stream = v_stream.id AND c.command_id = p_command;
        IF FOUND THEN
            outcome := 'repeated';
            revision := v_command.first_revision;
            event_count := v_command.event_count;
            body_hash := v_command.body_hash;
            RETURN;
        END IF;
    END IF;
    revision := v_stream.revision;
    IF v_stream.closed_at IS NOT NULL THEN
        outcome := 'closed';
    ELSIF v_stream.revision = p_expected AND v_stream.head_event_id = coalesce(p_head, v_stream.head_event_id) THEN
        -- The stream came to the expected revision between the attempt and this look at it.
        outcome := 'again';
    ELSE
        outcome := 'conflict';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION :schema.prune_commands(p_before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    WITH pruned AS (DELETE FROM commands c WHERE c.recorded_at < p_before RETURNING 1),
        forgotten AS (DELETE FROM decisions d WHERE d.recorded_at < p_before RETURNING 1)
    SELECT (SELECT count(*) FROM pruned) + (SELECT count(*) FROM forgotten)
$$;

REVOKE ALL ON FUNCTION :schema.refuse_decided, :schema.is_absent, :schema.remember FROM PUBLIC;

CREATE OR REPLACE FUNCTION :schema.grant_writer(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = :schema, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON SEQUENCE positions TO %I', p_role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION register_names, register_events, rename_category, append_one, append, append_all, append_batch, '
        || 'close_stream, save_snapshot, drop_snapshots, prune_commands, remember TO %I', p_role);
END $$;

-- Who reads and writes the ledger today reads and writes this part of it too: else every load would be refused until the roles
-- are granted again.
DO $$
DECLARE
    v_grant text;
BEGIN
    FOR v_grant IN
        SELECT format('GRANT SELECT ON :schema.decisions TO %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
        WHERE c.oid = ':schema.commands'::regclass AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
        UNION
        SELECT format('GRANT EXECUTE ON FUNCTION :schema.remember TO %s', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
        FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) a
        WHERE p.oid = ':schema.append_one'::regproc AND a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner
    LOOP
        EXECUTE v_grant;
    END LOOP;
END $$;
