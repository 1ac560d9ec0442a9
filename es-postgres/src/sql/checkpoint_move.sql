-- The fence of a batch: moves the checkpoint of part $3 of $4 from the position $5 to $6 and holds its row to the end of the
-- transaction. No row comes back where another worker was faster: this one writes nothing then. In the same round trip the
-- transaction gets the schema of the projection and the time after which the server ends it if its worker stands still; and as
-- model and checkpoint are lost together or not at all, it need not wait for the disk.
WITH moved AS (
    UPDATE :schema.checkpoints c
    SET position = $6, event_id = $7, owner = $8, projected = c.projected + $9, per_second = $10, error = NULL, failed_at = NULL,
        updated_at = clock_timestamp()
    WHERE c.projection = $1 AND c.rev = $2 AND c.part = $3 AND c.parts = $4 AND c.position = $5
    RETURNING c.part
)
SELECT set_config('search_path', $11, true), set_config('idle_in_transaction_session_timeout', $12, true),
       set_config('synchronous_commit', 'off', true),
       EXISTS (SELECT FROM :schema.dead_letters d WHERE d.projection = $1 AND d.rev = $2) AS letters
FROM moved
