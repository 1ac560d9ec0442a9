//! Consumers: pass the messages of other services to a reactor.

mod batch;
mod error;
mod letter;
mod letters;
mod taking;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

pub use self::error::ConsumerError;
pub use self::letter::DeadMessage;
use self::letters::Letters;
use self::taking::{LONGEST_WAIT, Taking};
use super::message::Message;
use super::source::MessageSource;
use crate::error::StoreError;
use crate::projection::{OnFailure, Retried};
use crate::reactor::Effects;
use crate::store::EventStore;
use crate::stream::StreamId;

/// The first wait before retrying a source that failed.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Receives the messages of a [`MessageSource`] and passes each, decoded as its public event, to a
/// [`Reactor`](crate::reactor::Reactor): at least once, and in the order of each stream.
///
/// [`Recorded::event_id`](crate::Recorded::event_id) of a public event is the id of its message.
/// [`ExecuteOptions::for_event`](crate::ExecuteOptions::for_event) makes it the command id (the idempotency
/// key), so that the command ledger recognizes a redelivered message, and the command takes effect once.
///
/// A transient failure, such as an unavailable store, is retried until it succeeds. A message that the
/// reactor fails to handle stops the consumer or, with [`OnFailure::Park`], becomes a dead letter, and so do
/// all later messages of its stream, in their order. Dead letters are events in a separate stream,
/// `es-dead-messages/NAME`, of the consumer's store.
///
/// Run a consumer in one program at a time: two of them share the messages, and the order of a stream holds
/// only within each.
///
/// ```
/// use es_core::messaging::{Consumer, MemoryBroker};
/// use es_core::reactor::{React, Reactor};
/// use es_core::record::BoxError;
/// use es_core::{MemoryStore, Recorded, event};
///
/// #[event(name = "loan.approved")]
/// pub struct LoanApproved { pub cents: u64 }
///
/// #[derive(Reactor)]
/// #[reactor(name = "notifier", events(LoanApproved))]
/// struct Notifier;
///
/// impl React<LoanApproved> for Notifier {
///     async fn react(&self, event: &Recorded<LoanApproved>) -> Result<(), BoxError> {
///         println!("{} may have {} cents", event.stream.key(), event.event.cents);
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = MemoryBroker::new();
/// let consumer = Consumer::new(broker.source("notifier"), Notifier, MemoryStore::new());
/// consumer.run_until(async {}).await?;
/// # Ok(()) }
/// ```
#[must_use = "nothing is consumed before `run`"]
pub struct Consumer<R, Q, S> {
    source: Q,
    taking: Arc<Taking<R, S>>,
}

impl<R: Effects, Q: MessageSource, S: EventStore + 'static> Consumer<R, Q, S> {
    /// Receives the messages of this source, and keeps dead letters in this store.
    pub fn new(source: Q, reactor: R, store: S) -> Self {
        Self { source, taking: Arc::new(Taking::new(reactor, Letters::new(store, R::NAME))) }
    }

    /// What to do with a message that still fails after all retries. Defaults to [`OnFailure::Stop`]. This
    /// includes deliveries that are not a message, or not a public event that this program can read.
    pub fn on_failure(self, on_failure: OnFailure) -> Self {
        self.taking.set(|options| options.on_failure = on_failure);
        self
    }

    /// Retries a failing message up to `retries` times with exponential backoff, starting at `first_wait`, up
    /// to 30 seconds, before applying the failure policy. Defaults to 0. Later messages of its stream wait.
    pub fn retries(self, retries: u32, first_wait: Duration) -> Self {
        self.taking.set(|options| (options.retries, options.first_wait) = (retries, first_wait));
        self
    }

    /// The maximum number of streams that are processed in parallel. Defaults to 16.
    pub fn concurrency(self, streams: usize) -> Self {
        self.taking.set(|options| options.concurrency = streams.max(1));
        self
    }

    /// Consumes until an error. Dropping the future is safe: messages that are not settled are redelivered.
    ///
    /// # Errors
    ///
    /// [`ConsumerError`]; an unavailable source is not an error.
    pub async fn run(&self) -> Result<(), ConsumerError> {
        self.run_until(std::future::pending()).await
    }

    /// As [`run`](Self::run), with a graceful shutdown: once `stop` resolves, it settles the messages that it
    /// has received, and returns.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(&self, stop: impl Future<Output = ()> + Send) -> Result<(), ConsumerError> {
        let mut stop = std::pin::pin!(stop);
        let mut wait = FIRST_WAIT;
        loop {
            let received = tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                received = self.source.receive() => received,
            };
            match received {
                Ok(deliveries) => {
                    wait = FIRST_WAIT;
                    batch::settle(&self.taking, deliveries).await?;
                }
                Err(error) if error.is_retryable() => {
                    warn!(consumer = R::NAME, %error, "cannot receive messages; retrying");
                    tokio::select! {
                        biased;
                        () = &mut stop => return Ok(()),
                        () = sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The dead letters, including messages that wait for earlier ones, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the consumer's store.
    pub async fn dead_letters(&self) -> Result<Vec<DeadMessage>, StoreError> {
        self.taking.letters.all().await
    }

    /// Discards the dead letter with this [number](DeadMessage::number): its message is never processed.
    /// Returns whether it existed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the consumer's store.
    pub async fn discard(&self, number: u64) -> Result<bool, StoreError> {
        self.taking.letters.settle(number).await
    }

    /// Retries the dead letters of a stream, in their order, up to the first that fails. Once none is left,
    /// later messages of the stream are processed as usual. It can be called while a consumer runs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the consumer's store. A message that fails again is not an error, but
    /// [`Retried::left`].
    pub async fn retry(&self, stream: &StreamId) -> Result<Retried, StoreError> {
        let mut taken = 0;
        // Until none is left: a running consumer parks what comes meanwhile.
        loop {
            let of_stream = self.dead_letters_of(stream).await?;
            for (at, (number, place, message)) in of_stream.iter().enumerate() {
                if self.taking.attempt(message, *place).await.is_err() {
                    return Ok(Retried::new(taken, of_stream.len() - at));
                }
                taken += usize::from(self.taking.letters.settle(*number).await?);
            }
            if of_stream.is_empty() {
                return Ok(Retried::new(taken, 0));
            }
        }
    }

    /// The dead letters of a stream: their numbers, and the messages with their places.
    async fn dead_letters_of(&self, stream: &StreamId) -> Result<Vec<(u64, u64, Message)>, StoreError> {
        let letters = self.dead_letters().await?.into_iter();
        let of_stream = letters.filter_map(|DeadMessage { number, place, message, .. }| {
            Some((number, place, message.filter(|message| message.stream == *stream)?))
        });
        Ok(of_stream.collect())
    }
}

impl<R: Effects, Q, S> fmt::Debug for Consumer<R, Q, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer").field("reactor", &R::NAME).finish_non_exhaustive()
    }
}
