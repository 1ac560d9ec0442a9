-- Waits for a synchronous standby as an append does: see load.sql.
SELECT CASE WHEN current_setting('synchronous_standby_names') = '' OR pg_is_in_recovery()
                 OR pg_logical_emit_message(true, 'es', ''::text) IS NOT NULL
            THEN d.name END AS name,
       d.rejected
FROM :schema.decisions d
WHERE d.command_id = $3 AND d.category = (SELECT c.id FROM :schema.categories c WHERE c.name = $1) AND d.key = $2
