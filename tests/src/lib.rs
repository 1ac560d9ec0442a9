//! Tests across crates: what they and the programs that they start have in common.

pub mod generated;
pub mod operations;
pub mod processes;
