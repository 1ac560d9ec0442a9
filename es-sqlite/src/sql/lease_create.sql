-- The leases of runners whose work is outside of the file. They outlive a division into other partitions.
CREATE TABLE IF NOT EXISTS es_leases (
    partition INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    leased_until INTEGER
) STRICT;
