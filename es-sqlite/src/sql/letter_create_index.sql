CREATE INDEX es_dead_letters_of ON es_dead_letters (category, key, revision);
