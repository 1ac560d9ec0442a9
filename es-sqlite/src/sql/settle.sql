-- The id of the event at a position, and a commit that changes nothing, and is written all the same.
BEGIN IMMEDIATE;
SELECT id FROM events WHERE position = ?1;
UPDATE store SET token = token;
COMMIT;
