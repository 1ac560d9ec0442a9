//! The suite that every store must pass, and stores that must not pass it.

mod broken_stores;
mod broken_targets;
mod forwarding;
mod memory;
