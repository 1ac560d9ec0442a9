INSERT INTO command_names (name) VALUES (?1) RETURNING id
