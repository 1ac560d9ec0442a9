UPDATE es_leases SET leased_until = NULL WHERE partition = ?1 AND epoch = ?2
