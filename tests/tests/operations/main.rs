//! What `docs/operations.md` prints is run here, as it stands, on servers of its own.

mod backup;
mod pooler;
mod recovery;
mod replication;
mod roles;
mod support;
mod upgrade;
mod watch;
