//! The shapes of types of other crates.

mod chosen;
mod containers;
mod crates;
mod scalars;
mod std_types;
