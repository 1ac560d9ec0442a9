//! Reading the whole store in order, where others have lost events: each bad case is forced, and what was
//! committed is the oracle. `docs/ordering.md` says why nothing can be lost.

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
