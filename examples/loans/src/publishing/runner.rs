//! The publisher with its sink, over a store.

use std::time::Duration;

use es_core::messaging::{PublisherRunner, Publishing, SinkError};
use es_core::reactor::{CheckpointStore, OnModel};
use es_nats::{NatsSink, SinkOptions, async_nats};

use super::feed::Applications;

/// The JetStream stream of the public events.
pub const STREAM: &str = "loans";

/// How long to wait for the broker's confirmation of a message; shorter than the lease.
const ACK_TIMEOUT: Duration = Duration::from_secs(1);

/// After which time another program takes the place of one that was killed.
const LEASE: Duration = Duration::from_secs(3);

/// The publisher over a store: its checkpoint is stored with the events.
pub type Runner<S> = PublisherRunner<
    Applications,
    NatsSink,
    S,
    <S as CheckpointStore>::Target<
        OnModel<Publishing<Applications, NatsSink>, <S as CheckpointStore>::Model>,
    >,
    <S as CheckpointStore>::Model,
>;

/// Why the broker cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// It does not answer.
    #[error(
        "cannot reach NATS at {url}: {source}; start nats-server with --jetstream, or name another with --nats"
    )]
    Unreachable {
        /// Where it was sought.
        url: String,
        /// What the client reports.
        source: async_nats::ConnectError,
    },
    /// The stream cannot be created or used.
    #[error("cannot publish into the stream `{STREAM}`: {0}")]
    Stream(#[from] SinkError),
}

/// Connects to NATS, and creates the stream if it does not exist.
///
/// # Errors
///
/// [`ConnectError`].
pub async fn connect(url: &str) -> Result<NatsSink, ConnectError> {
    let client = async_nats::connect(url).await;
    let client = client.map_err(|source| ConnectError::Unreachable { url: url.to_owned(), source })?;
    Ok(NatsSink::create(client, SinkOptions::new(STREAM).ack_timeout(ACK_TIMEOUT)).await?)
}

/// The publisher, over this store and into this sink.
pub fn runner<S: CheckpointStore>(store: S, sink: NatsSink) -> Runner<S> {
    PublisherRunner::new(store, Applications, sink).reactor(|reactor| reactor.lease(LEASE))
}
