//! The suites that every store, target, sink and source must pass, and those that must not pass them.

mod broken_sinks;
mod broken_sources;
mod broken_stores;
mod broken_targets;
mod failing;
mod forwarding;
mod memory;
