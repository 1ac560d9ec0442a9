//! Read models in files: what is in them is what the events say, whatever happens.

mod basics;
mod conformance;
mod disks;
mod killed;
mod policies;
mod publishing;
mod support;
mod transactions;
mod workers;
