-- Writes nothing but a record to the log, so that its commit waits until all that stands before it is kept
-- where commits are to be kept: on the disk, and on synchronous standbys.
SELECT pg_logical_emit_message(true, 'es', ''::text)
