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
