//! Tests of every store: in memory, in a file and on a server.

mod choosing_a_store;
mod elsewhere;
mod processes;
mod reactors;
mod transactions;
