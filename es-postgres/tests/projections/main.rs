//! Projections into tables: exactly once, whatever happens to their workers.

mod basics;
mod inline;
mod policies;
mod revisions;
mod support;
mod workers;
