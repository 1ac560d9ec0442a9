UPDATE es_leases SET leased_until = NULL
