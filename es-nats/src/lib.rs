//! Publishing to NATS JetStream, and consuming from it: the sink of a
//! [`PublisherRunner`](es_core::messaging::PublisherRunner) and the source of a
//! [`Consumer`](es_core::messaging::Consumer).
//!
//! ```no_run
//! # use es_core::messaging::{Consumer, Publisher, PublisherRunner};
//! # use es_core::reactor::Reactor;
//! # use es_core::MemoryStore;
//! use es_nats::{NatsSink, NatsSource, SinkOptions, SourceOptions};
//!
//! # async fn run(feed: impl Publisher, reactor: impl Reactor) -> Result<(), Box<dyn std::error::Error>> {
//! # let (store, other) = (MemoryStore::new(), MemoryStore::new());
//! let client = async_nats::connect("nats://localhost").await?;
//!
//! // In the service that publishes:
//! let sink = NatsSink::create(client.clone(), SinkOptions::new("loans")).await?;
//! PublisherRunner::new(store, feed, sink).run().await?;
//!
//! // In the service that consumes:
//! let source = NatsSource::new(client, SourceOptions::new("loans", "notifier"));
//! Consumer::new(source, reactor, other).run().await?;
//! # Ok(()) }
//! ```
//!
//! JetStream transports messages; it is not a store of record: by default it acknowledges a message before it
//! is flushed to disk. The events stay in the publisher's store, from which they can be published again.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `testing` | no | the module `testing`: servers, clusters and faulty networks for tests |

#![warn(missing_debug_implementations, unreachable_pub)]

mod delivery;
mod failure;
mod receiving;
mod sink;
mod sink_options;
mod source;
mod source_options;
mod subject;
#[cfg(feature = "testing")]
pub mod testing;

pub use self::delivery::{NatsDelivery, read_message};
pub use self::failure::NatsSetupError;
pub use self::sink::{Confirmation, NatsSink};
pub use self::sink_options::SinkOptions;
pub use self::source::NatsSource;
pub use self::source_options::SourceOptions;
pub use self::subject::subject;

pub use async_nats;
