UPDATE streams SET closed = 1 WHERE id = ?1
