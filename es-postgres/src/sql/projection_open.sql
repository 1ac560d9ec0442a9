INSERT INTO :schema.projections (name) VALUES ($1) ON CONFLICT DO NOTHING
