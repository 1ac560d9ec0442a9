-- Where commits wait for a synchronous standby, this one waits until all that stands before it in the log is
-- there: it writes nothing but a record to the log.
SELECT pg_logical_emit_message(true, 'es', ''::text)
WHERE current_setting('synchronous_standby_names') <> ''
