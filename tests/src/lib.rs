//! Tests across crates, and what the programs that a test generates have in common.

pub mod generated;
