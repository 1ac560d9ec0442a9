-- What else happens to a stream: it is closed, its snapshots are kept or dropped, its old ledger rows go.

CREATE FUNCTION :schema.close_stream(p_category text, p_key text, p_expected bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    WITH closed AS (
        UPDATE streams s SET closed_at = coalesce(s.closed_at, clock_timestamp())
        WHERE s.category = (SELECT c.id FROM categories c WHERE c.name = p_category)
          AND s.key = p_key AND s.revision = p_expected
        RETURNING 1)
    SELECT EXISTS (SELECT FROM closed)
$$;

-- An older fold never takes the place of a newer one, and none goes beyond its stream.
CREATE FUNCTION :schema.save_snapshot(
    p_category text, p_key text, p_fingerprint bigint, p_revision bigint, p_state json) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    INSERT INTO snapshots AS kept (stream, fingerprint, revision, state)
    SELECT s.id, p_fingerprint, p_revision, p_state
    FROM streams s
    WHERE s.category = (SELECT c.id FROM categories c WHERE c.name = p_category)
      AND s.key = p_key AND s.revision >= p_revision
    ON CONFLICT (stream, fingerprint) DO UPDATE
        SET revision = excluded.revision, state = excluded.state, saved_at = clock_timestamp()
        WHERE kept.revision < excluded.revision
$$;

CREATE FUNCTION :schema.drop_snapshots(p_fingerprint bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    WITH dropped AS (DELETE FROM snapshots s WHERE s.fingerprint = p_fingerprint RETURNING 1)
    SELECT count(*) FROM dropped
$$;

CREATE FUNCTION :schema.prune_commands(p_before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
    WITH pruned AS (DELETE FROM commands c WHERE c.recorded_at < p_before RETURNING 1)
    SELECT count(*) FROM pruned
$$;
