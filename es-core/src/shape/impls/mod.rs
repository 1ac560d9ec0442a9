//! The shapes of types that others made.

mod chosen;
mod containers;
mod crates;
mod scalars;
mod std_types;
