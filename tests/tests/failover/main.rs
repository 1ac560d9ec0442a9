//! Servers are replaced under programs that go on.
//!
//! Needs etcd and Patroni, of Debian: `apt-get install etcd-server patroni`.

mod edge;
mod node;
mod patroni;
mod takeovers;
