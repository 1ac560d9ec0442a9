//! Publishers and consumers on a real JetStream server, under faults of servers, networks and programs.

mod cluster;
mod conformance;
mod consuming;
mod publishing;
mod refusals;
mod service;
