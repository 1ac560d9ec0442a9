//! The loop: one worker for each partition of a projection.

mod apply;
mod effects;
mod lease;
mod pace;
mod pages;
pub(super) mod retrying;
mod standby;
pub(super) mod stop;
pub(super) mod worker;
