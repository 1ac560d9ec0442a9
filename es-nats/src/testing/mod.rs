//! Servers, clusters and faulty networks, for tests and for trying out a program.
//!
//! [`NatsServer`] starts `nats-server` with JetStream in a temporary folder: the program that the variable
//! `NATS_SERVER` names, else one on the `PATH`, else the one that `cargo xtask setup` has downloaded.
//! [`Network`] is a TCP proxy in front of a server, and injects faults.
//!
//! ```no_run
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! use es_nats::testing::NatsServer;
//!
//! let mut server = NatsServer::start().await?;
//! let client = async_nats::connect(server.url()).await?;
//! server.kill().await?;
//! server.restart().await?;
//! # Ok(()) }
//! ```

mod binary;
mod cluster;
mod network;
mod server;

pub use self::binary::NatsServerMissing;
pub use self::cluster::NatsCluster;
pub use self::network::{Network, NetworkFault};
pub use self::server::{NatsServer, NatsServerError};
