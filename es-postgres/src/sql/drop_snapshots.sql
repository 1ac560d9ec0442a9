SELECT :schema.drop_snapshots($1)
