//! Runs the commands in `docs/operations.md`, exactly as printed, on separate servers.

mod backup;
mod pooler;
mod recovery;
mod replication;
mod roles;
mod support;
mod upgrade;
mod watch;
