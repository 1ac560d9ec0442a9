-- The id of the event at a position, and a commit that changes nothing but is written to the log.
BEGIN IMMEDIATE;
SELECT id FROM events WHERE position = ?1;
UPDATE store SET token = token;
COMMIT;
