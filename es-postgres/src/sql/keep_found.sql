-- Writes a WAL record only. If commits wait for a synchronous standby, this commit waits until everything
-- before it in the WAL has arrived there.
SELECT pg_logical_emit_message(true, 'es', ''::text)
WHERE current_setting('synchronous_standby_names') <> ''
