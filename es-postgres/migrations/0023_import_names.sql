-- Compares all first: where an event stood in the way, the categories had become one already.

CREATE OR REPLACE FUNCTION :schema.import_names(
    p_categories text[], p_aliases text[], p_names text[], p_versions integer[], p_fingerprints bigint[])
    RETURNS TABLE (name text, other text, version integer, registered bigint, found bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_category text;
    v_aliases text[];
BEGIN
    LOCK TABLE :schema.event_types, :schema.categories IN SHARE ROW EXCLUSIVE MODE;
    RETURN QUERY
        SELECT min(c.name COLLATE "C"), max(c.name COLLATE "C"), NULL::integer, NULL::bigint, NULL::bigint
        FROM unnest(p_categories, p_aliases) AS w (category, alias)
        JOIN :schema.categories c ON c.name IN (w.category COLLATE "C", w.alias COLLATE "C")
        GROUP BY w.category
        HAVING min(c.id) <> max(c.id);
    IF FOUND THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT t.name, NULL::text, t.version, t.fingerprint, w.fingerprint
        FROM unnest(p_names, p_versions, p_fingerprints) AS w (name, version, fingerprint)
        JOIN :schema.event_types t ON t.name = w.name COLLATE "C" AND t.version = w.version AND t.fingerprint <> w.fingerprint
        ORDER BY t.name, t.version;
    IF FOUND THEN
        RETURN;
    END IF;
    FOR v_category, v_aliases IN
        SELECT w.category, array_agg(w.alias ORDER BY w.alias) FILTER (WHERE w.alias <> w.category)
        FROM unnest(p_categories, p_aliases) WITH ORDINALITY AS w (category, alias, ordinal)
        GROUP BY w.category
        ORDER BY min(w.ordinal)
    LOOP
        PERFORM :schema.rename_category(v_category, coalesce(v_aliases, '{}'));
    END LOOP;
    RETURN QUERY
        SELECT r.name, NULL::text, r.version, r.registered, r.found
        FROM :schema.register_events(p_names, p_versions, p_fingerprints, array_fill(false, ARRAY[cardinality(p_names)])) AS r;
END $$;
