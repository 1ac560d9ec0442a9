//! Projections into tables: exactly once, whatever happens to their workers.

mod basics;
mod batches;
mod builds;
mod careless;
mod conformance;
#[path = "../common/database.rs"]
mod database;
mod elsewhere;
mod elsewhere_faults;
mod guide;
mod handover;
mod held_up;
mod histories;
mod inline;
mod large_events;
mod many_letters;
mod passing;
mod policies;
mod publishing;
mod reactors;
mod restored;
#[path = "../common/rewind.rs"]
mod rewind;
mod roles;
mod support;
mod transactions;
mod workers;
