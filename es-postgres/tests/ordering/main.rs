//! Reading the whole store in order, where others have lost events: each bad case is forced, and what was
//! committed is the oracle. `docs/ordering.md` says why nothing can be lost.

mod crashes;
mod holds;
mod roles;
mod soak;
mod subscriptions;
mod support;
