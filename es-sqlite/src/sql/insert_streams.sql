INSERT INTO streams (id, category, key) VALUES (?, ?, ?)
