-- Whether schema $1 is now migrated by this transaction alone, until it ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('es migrations of ' || $1, 0)) AS alone
