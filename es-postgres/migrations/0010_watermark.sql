-- How far the whole store can be read: docs/ordering.md says why this is enough, step by step.

-- Two questions, asked in this order, each in a statement (and, the function being volatile, under a snapshot) of its own:
-- how far positions were drawn, and which transactions may still commit one of those. `nextval` locks the sequence before
-- it draws, and its transaction holds the lock to its end, so the second question is answered by the lock table. A holder
-- without a process is a prepared transaction: nobody knows which of the earlier holders it was.
--
-- The first question is asked until two answers agree. A plain SELECT looks at the sequence's row without its page's lock, and
-- once in 33 times `nextval` shows there, while it logs, a number 32 above the one that it draws. The next look waits for
-- that lock, so it cannot find the same passing number; and no look is ever more than 32 too high.
-- Runs with the rights of the caller, who needs to read the sequence; so everybody may call it.
CREATE FUNCTION :schema.watermark(OUT drawn bigint, OUT holders text[], OUT in_doubt boolean)
LANGUAGE plpgsql VOLATILE SET search_path = :schema, pg_temp AS $$
DECLARE
    v_before bigint;
BEGIN
    SELECT CASE WHEN p.is_called THEN p.last_value ELSE p.last_value - 1 END INTO drawn FROM positions p;
    FOR attempt IN 1 .. 4 LOOP
        v_before := drawn;
        SELECT CASE WHEN p.is_called THEN p.last_value ELSE p.last_value - 1 END INTO drawn FROM positions p;
        EXIT WHEN drawn = v_before;
    END LOOP;
    IF drawn <> v_before THEN
        drawn := greatest(least(drawn, v_before) - 32, 0);
    END IF;

    SELECT coalesce(array_agg(l.virtualtransaction), '{}'), coalesce(bool_or(l.pid IS NULL), false)
    INTO holders, in_doubt
    FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.relation = ':schema.positions'::regclass
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND l.mode = 'RowExclusiveLock' AND l.granted;
END $$;

-- A role that reads, and can do nothing else: for projections and reports.
CREATE FUNCTION :schema.grant_reader(p_role name) RETURNS void
LANGUAGE plpgsql SET search_path = :schema, pg_temp AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA :schema TO %I', p_role);
    EXECUTE format('GRANT SELECT ON SEQUENCE positions TO %I', p_role);
END $$;
REVOKE ALL ON FUNCTION :schema.grant_reader FROM PUBLIC;
