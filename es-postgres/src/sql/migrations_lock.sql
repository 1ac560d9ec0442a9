-- Whether this transaction has got the exclusive right to migrate schema $1, until it ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('es migrations of ' || $1, 0)) AS alone
