SELECT :schema.prune_commands(clock_timestamp() - make_interval(secs => $1))
