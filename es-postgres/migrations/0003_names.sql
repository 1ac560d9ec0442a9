-- Gives categories and event types their ids. Runs in a short transaction of its own, before the first append that
-- needs them. The lock makes the ids contiguous, and visible in their order.

CREATE FUNCTION :schema.register_names(p_categories text[], p_names text[], p_versions integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
BEGIN
    LOCK TABLE event_types, categories IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO categories (id, name)
    SELECT coalesce((SELECT max(id) FROM categories), 0) + row_number() OVER (ORDER BY wanted.name), wanted.name
    FROM (SELECT DISTINCT w.name FROM unnest(p_categories) AS w (name)) AS wanted
    WHERE NOT EXISTS (SELECT FROM categories c WHERE c.name = wanted.name);
    INSERT INTO event_types (id, name, version)
    SELECT coalesce((SELECT max(id) FROM event_types), 0) + row_number() OVER (ORDER BY wanted.name, wanted.version),
           wanted.name, wanted.version
    FROM (SELECT DISTINCT w.name, w.version FROM unnest(p_names, p_versions) AS w (name, version)) AS wanted
    WHERE NOT EXISTS (SELECT FROM event_types t WHERE t.name = wanted.name AND t.version = wanted.version);
END $$;

-- Keeps the fingerprints of event types, and gives ids to those that have none and are not former names. Gives back the
-- types whose fingerprint is another one, if there are any: nothing was changed then.
CREATE FUNCTION :schema.register_events(
    p_names text[], p_versions integer[], p_fingerprints bigint[], p_former boolean[])
    RETURNS TABLE (name text, version integer, registered bigint, found bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
#variable_conflict use_column
BEGIN
    LOCK TABLE event_types, categories IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY
        SELECT t.name, t.version, t.fingerprint, w.fingerprint
        FROM unnest(p_names, p_versions, p_fingerprints) AS w (name, version, fingerprint)
        JOIN event_types t ON t.name = w.name AND t.version = w.version AND t.fingerprint <> w.fingerprint
        ORDER BY t.name, t.version;
    IF FOUND THEN
        RETURN;
    END IF;
    PERFORM register_names('{}', array_agg(w.name), array_agg(w.version))
    FROM unnest(p_names, p_versions, p_former) AS w (name, version, former)
    WHERE NOT w.former;
    UPDATE event_types t SET fingerprint = w.fingerprint
    FROM unnest(p_names, p_versions, p_fingerprints) AS w (name, version, fingerprint)
    WHERE t.name = w.name AND t.version = w.version AND t.fingerprint IS NULL AND w.fingerprint IS NOT NULL;
END $$;

-- Makes names mean one category. Gives back one name each of the categories that they are, if those are several: nothing
-- was changed then.
CREATE FUNCTION :schema.rename_category(p_name text, p_was text[]) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp AS $$
DECLARE
    v_names text[] := p_was || p_name;
    v_ids integer[];
    v_known text[];
BEGIN
    LOCK TABLE event_types, categories IN SHARE ROW EXCLUSIVE MODE;
    SELECT array_agg(k.id), array_agg(k.name) INTO v_ids, v_known
    FROM (SELECT c.id, min(c.name) AS name FROM categories c WHERE c.name = ANY (v_names) GROUP BY c.id) AS k;
    IF cardinality(v_ids) > 1 THEN
        RETURN v_known;
    END IF;
    IF v_ids IS NULL THEN
        v_ids := ARRAY[coalesce((SELECT max(c.id) FROM categories c), 0) + 1];
        INSERT INTO categories (name, id) VALUES (p_name, v_ids[1]);
    END IF;
    INSERT INTO categories (name, id, is_alias)
    SELECT DISTINCT w.name, v_ids[1], true
    FROM unnest(v_names) AS w (name)
    WHERE NOT EXISTS (SELECT FROM categories c WHERE c.name = w.name);
    RETURN NULL;
END $$;
