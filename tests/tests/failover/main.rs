//! Servers are replaced while programs keep running.
//!
//! Needs etcd and Patroni, on Debian: `apt-get install etcd-server patroni`.

mod edge;
mod node;
mod patroni;
mod takeovers;
