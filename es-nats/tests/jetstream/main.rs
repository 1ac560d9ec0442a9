//! A publisher and a consumer with JetStream between them, and what breaks there.

mod cluster;
mod conformance;
mod consuming;
mod publishing;
mod service;
