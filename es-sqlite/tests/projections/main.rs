//! Read models in files: they match the events, whatever happens.

mod basics;
mod conformance;
mod disks;
mod killed;
mod policies;
mod publishing;
mod support;
mod transactions;
mod workers;
