//! Messaging between services: publishers, consumers, and the ports to message brokers.
//!
//! A private event is not a public one. A [`Publisher`] defines which public events others receive for the
//! events of this service; [`PublisherRunner`] sends them to a [`MessageSink`]. On the other side a
//! [`Consumer`] receives the messages of a [`MessageSource`] and passes them to a
//! [`Reactor`](crate::reactor::Reactor). Both are at least once and in the order of each stream; a command
//! with the id of its message takes effect once.
//!
//! [`MemoryBroker`] is both sink and source for tests; `es-nats` implements them for NATS JetStream.

mod consumer;
mod memory;
mod message;
mod publisher;
mod runner;
mod sink;
mod source;
mod window;
mod wire;

pub use self::consumer::{Consumer, ConsumerError, DeadMessage};
pub use self::memory::{MemoryBroker, MemoryDelivery, MemorySource};
pub use self::message::Message;
pub use self::publisher::{Publish, Publisher};
pub use self::runner::PublisherRunner;
pub use self::sink::{MessageSink, SinkError};
pub use self::source::{Delivery, MessageSource, SourceError};
pub use self::window::Publishing;
pub use self::wire::{Encoded, Encoding, MalformedMessage, read};
pub use crate::record::TRACEPARENT;
#[cfg(feature = "macros")]
pub use es_macros::Publisher;
