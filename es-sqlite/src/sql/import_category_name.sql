INSERT INTO category_names (name, category) VALUES (?1, ?2) ON CONFLICT DO NOTHING
