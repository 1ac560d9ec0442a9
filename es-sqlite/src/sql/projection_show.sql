INSERT INTO es_live (projection, build) VALUES (?1, ?2)
ON CONFLICT (projection) DO UPDATE SET build = excluded.build
