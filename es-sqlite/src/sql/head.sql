SELECT position, id FROM events ORDER BY position DESC LIMIT 1
