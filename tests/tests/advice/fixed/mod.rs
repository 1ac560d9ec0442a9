//! Programs that follow what the macros propose.

mod aggregates;
mod events;
mod processes;
mod projections;
mod publishers;
mod reactors;
mod stores;
mod values;
