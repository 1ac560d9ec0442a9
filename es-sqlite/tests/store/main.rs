//! A store in a file: the suite that every store must pass, and commands on it.

mod conformance;
mod next;
mod repository;
