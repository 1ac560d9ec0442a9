//! Reactors, publishers, consumers and processes.

mod messaging;
mod process;
mod reactor;
