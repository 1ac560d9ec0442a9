SELECT key, occurred_at FROM event_log WHERE category = 'reminder' AND name = 'reminder.raised' ORDER BY 2, 1
