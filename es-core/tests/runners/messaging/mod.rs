//! Publishers and consumers, on a broker in memory and on brokers that fail.

mod consuming;
mod deliveries;
mod lock;
mod publishing;
mod service;
mod sinks;
