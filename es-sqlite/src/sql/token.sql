SELECT token FROM main.store
