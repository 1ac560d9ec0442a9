//! The loop: one worker for each partition of a projection.

mod apply;
mod effects;
mod lease;
mod pages;
pub(super) mod retrying;
mod standby;
pub(super) mod stop;
mod throughput;
pub(super) mod worker;
