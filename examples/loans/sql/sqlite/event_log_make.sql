-- The events with the names and times that PostgreSQL's view `es.event_log` gives them.
CREATE TEMP VIEW event_log AS
SELECT e.position, c.name AS category, e.stream, s.key, e.revision, t.name,
       coalesce(e.occurred_at, e.recorded_at) AS occurred_at, e.payload, e.metadata
FROM main.events e
JOIN main.event_types t ON t.id = e.type
JOIN main.streams s ON s.id = e.stream
JOIN main.categories c ON c.id = s.category
