-- Waits for a synchronous standby as an append does: see load.sql.
SELECT CASE WHEN current_setting('synchronous_standby_names') = '' OR pg_is_in_recovery()
                 OR pg_logical_emit_message(true, 'es', ''::text) IS NOT NULL
            THEN c.name END AS name
FROM :schema.commands c
WHERE c.stream = (SELECT s.id FROM :schema.streams s
                  WHERE s.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND s.key = $2)
  AND c.command_id = $3
