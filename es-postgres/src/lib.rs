//! Events and snapshots in PostgreSQL.
