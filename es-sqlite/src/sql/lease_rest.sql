-- For how many more microseconds another worker has partition ?1.
SELECT max(coalesce(leased_until, 0) - CAST(unixepoch('subsec') * 1000000 AS INTEGER), 0)
FROM es_leases
WHERE partition = ?1
