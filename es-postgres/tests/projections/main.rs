//! Projections into tables: exactly once, whatever happens to their workers.

mod basics;
mod policies;
mod support;
