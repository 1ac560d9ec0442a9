//! Programs that follow what the macros propose.

mod aggregates;
mod events;
mod projections;
mod reactors;
mod stores;
mod values;
