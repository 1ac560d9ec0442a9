SELECT :schema.grant_projector($1::text::name)
