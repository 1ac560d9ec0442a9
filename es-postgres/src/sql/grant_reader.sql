SELECT :schema.grant_reader($1::text::name)
