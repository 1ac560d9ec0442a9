SELECT key, (extract(epoch FROM occurred_at) * 1000000)::bigint AS at
FROM es.event_log
WHERE category = 'reminder' AND name = 'reminder.raised'
ORDER BY at, key
