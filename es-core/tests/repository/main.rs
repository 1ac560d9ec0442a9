//! Commands, histories and snapshots of a repository, and the kit for the tests of users.

mod ahead;
mod basics;
mod cache;
mod common;
mod contested;
mod decisions;
mod holes;
mod idempotency;
mod keys;
mod large_appends;
mod metrics;
mod panics;
mod panics_reading;
mod reading;
mod retry;
mod sizes;
mod snapshots;
mod test_kit;
mod test_kit_values;
mod values;
mod whole_store;
mod writing;
