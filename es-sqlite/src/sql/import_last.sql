-- The highest position and the highest stream number.
SELECT (SELECT coalesce(max(position), 0) FROM events), (SELECT coalesce(max(id), 0) FROM streams)
