//! The quick start: one file, no server.
fn main() {}
