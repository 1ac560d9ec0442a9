//! The suites that every store, target and sink must pass, and those that must not pass them.

mod broken_sinks;
mod broken_stores;
mod broken_targets;
mod failing;
mod forwarding;
mod memory;
