//! What the macros generate from users' code.

mod aggregates;
mod all_of;
mod facade;
mod futures;
mod ids;
mod many_events;
mod pins;
mod process_lock;
mod projections;
mod shapes;
