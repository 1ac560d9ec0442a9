//! Servers, clusters and networks for tests and for programs that are only tried out.
//!
//! [`NatsServer`] starts the `nats-server` that is here with JetStream in a folder of its own: the one that
//! `NATS_SERVER` names, one on the `PATH`, or the one that `cargo xtask setup` has fetched. [`Network`] is a
//! network in front of a server that breaks as a test tells it.
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
