-- The applications by outcome, from the events of the first service.
WITH log AS (
    SELECT s.key, t.name, e.payload
    FROM events e
    JOIN event_types t ON t.id = e.type
    JOIN streams s ON s.id = e.stream
    JOIN categories c ON c.id = s.category
    WHERE c.name = 'loan'
),
applications AS (
    SELECT coalesce(max(CASE name WHEN 'loan.approved' THEN 'approved' WHEN 'loan.declined' THEN 'declined'
                                  WHEN 'loan.cancelled' THEN 'cancelled' END), 'open') AS outcome,
           max(CASE name WHEN 'loan.submitted' THEN payload ->> 'cents' END) AS cents
    FROM log
    GROUP BY key
)
SELECT outcome, count(*) AS applications, sum(cents) AS cents FROM applications GROUP BY outcome ORDER BY outcome
