-- Code of the user runs in transactions that hold more than its own work: a batch of a projection, an append.
-- Each is begun with a token, set for this transaction only, and asked for it before it is committed. Where a
-- handler has ended the transaction by itself, what follows would be committed statement by statement, or in
-- a transaction without the lock on the checkpoint.
CREATE FUNCTION :schema.same_transaction(p_token text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('es.transaction', true) IS DISTINCT FROM p_token THEN
        RAISE EXCEPTION 'the transaction was ended by the code that ran in it' USING ERRCODE = 'ES009';
    END IF;
END $$;

-- The last statement of a batch. The checkpoint moves here and not sooner: a COMMIT among the handlers'
-- statements cannot take it along past events that are not in the model. Runs with the caller's rights.
CREATE FUNCTION :schema.end_batch(
    p_token text, p_projection text, p_build integer, p_partition integer, p_position bigint, p_event_id uuid, p_events bigint
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM :schema.same_transaction(p_token);
    UPDATE :schema.checkpoints c
    SET position = p_position, event_id = p_event_id, projected = c.projected + p_events, updated_at = clock_timestamp()
    WHERE c.projection = p_projection AND c.build = p_build AND c.partition = p_partition;
END $$;
