SELECT :schema.grant_writer($1::text::name)
