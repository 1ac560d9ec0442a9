//! What runs beside commands: reactors, publishers, consumers and processes.

mod messaging;
mod process;
mod reactor;
