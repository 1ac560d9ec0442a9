//! Reading the whole store in order: each case in which event stores have lost events is forced, and the
//! committed rows are the oracle. `docs/ordering.md` explains why nothing can be lost.

mod crashes;
#[path = "../common/database.rs"]
mod database;
mod holds;
#[path = "../common/replicas.rs"]
mod replicas;
mod roles;
mod soak;
mod standby;
mod subscriptions;
mod support;
