//! The handling of one message.

use std::slice;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, warn};

use super::error::ConsumerError;
use super::letter::DeadMessage;
use super::letters::{Letters, Parking, Why};
use crate::latch;
use crate::messaging::message::Message;
use crate::messaging::source::{Delivery, SourceError};
use crate::projection::{Cause, OnFailure, awaited};
use crate::reactor::Effects;
use crate::record::{BoxError, DecodeError, Metadata, RawEvent, TRACEPARENT};
use crate::store::EventStore;
use crate::stream::Position;

/// The longest wait.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
pub(super) struct ConsumerOptions {
    pub(super) on_failure: OnFailure,
    pub(super) retries: u32,
    pub(super) first_wait: Duration,
    pub(super) concurrency: usize,
}

/// The reactor, its dead letters, and the options of its consumer.
pub(super) struct Taking<R, S> {
    reactor: R,
    pub(super) letters: Letters<S>,
    options: Mutex<ConsumerOptions>,
}

impl<R: Effects, S: EventStore + 'static> Taking<R, S> {
    pub(super) fn new(reactor: R, letters: Letters<S>) -> Self {
        let (retries, first_wait) = (0, Duration::from_millis(100));
        let options = ConsumerOptions { on_failure: OnFailure::Stop, retries, first_wait, concurrency: 16 };
        Self { reactor, letters, options: Mutex::new(options) }
    }

    pub(super) fn options(&self) -> ConsumerOptions {
        *latch::hold(&self.options)
    }

    pub(super) fn set<T>(&self, change: impl FnOnce(&mut ConsumerOptions) -> T) {
        change(&mut latch::hold(&self.options));
    }

    /// Processes a message or parks it, and settles it.
    pub(super) async fn take(&self, delivery: &impl Delivery) -> Result<(), ConsumerError> {
        let message = match delivery.message() {
            Ok(message) => message,
            Err(malformed) => {
                let reason = malformed.to_string();
                return self.refused(delivery, 1, reason.into(), Cause::Event).await;
            }
        };
        if self.letters.holds(&message.stream).await? {
            let letter = DeadMessage::new(
                delivery.place(),
                Some(message.clone()),
                0,
                "an earlier message of its stream is parked",
            );
            if self.letters.park(&letter, Why::Waits).await? == Parking::Parked {
                settled(delivery.term(&letter.reason).await);
                return Ok(());
            }
        }
        let ConsumerOptions { retries, first_wait, .. } = self.options();
        let (mut attempts, mut wait) = (0, first_wait);
        loop {
            let Err(error) = self.attempt(message, delivery.place()).await else {
                settled(delivery.ack().await);
                return Ok(());
            };
            let cause = Cause::of(&error, |_| None);
            if !cause.passes() {
                attempts += 1;
                if attempts > retries || matches!(cause, Cause::Setup | Cause::Newer) {
                    return self.refused(delivery, attempts, error, cause).await;
                }
            }
            warn!(consumer = R::NAME, message = %message.id, %error, "the message is retried");
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Passes a message to the reactor, once.
    pub(super) async fn attempt(&self, message: &Message, place: u64) -> Result<(), BoxError> {
        let metadata = message
            .traceparent
            .as_deref()
            .and_then(|trace| Metadata::new().entry(TRACEPARENT, trace).to_json());
        let raw = RawEvent {
            stream: &message.stream,
            revision: message.revision,
            position: Position::new(place),
            event_id: message.id,
            name: &message.name,
            version: message.version,
            payload: &message.payload,
            recorded_at: message.occurred_at,
            occurred: Some(message.occurred_at),
            correlation_id: message.correlation_id,
            causation_id: message.causation_id,
            metadata: metadata.as_deref(),
        };
        // A message that the reactor does not handle is done.
        let Some(event) = DecodeError::guard(&raw, || R::decode(&raw))? else { return Ok(()) };
        awaited(self.reactor.run(slice::from_ref(&event))).await?.result()
    }

    /// Stops the consumer for a message that failed, or parks it.
    async fn refused(
        &self,
        delivery: &impl Delivery,
        attempts: u32,
        error: BoxError,
        cause: Cause,
    ) -> Result<(), ConsumerError> {
        let message = delivery.message().ok();
        let parks = self.options().on_failure == OnFailure::Park;
        if !parks || matches!(cause, Cause::Setup | Cause::Newer) {
            let place = delivery.place();
            let message = match message {
                Some(Message { name, id, .. }) => format!("the message `{name}` {id}, number {place}"),
                None => format!("the message number {place}"),
            };
            return Err(ConsumerError::Failed { consumer: R::NAME, message, source: error, cause });
        }
        let letter = DeadMessage::new(delivery.place(), message.cloned(), attempts, &error.to_string());
        warn!(
            consumer = R::NAME,
            place = letter.place,
            reason = letter.reason,
            "the message becomes a dead letter"
        );
        self.letters.park(&letter, Why::Failed).await?;
        settled(delivery.term(&letter.reason).await);
        Ok(())
    }
}

/// Logs a failure to settle: the message is redelivered, and the command ledger recognizes the repetition.
fn settled(outcome: Result<(), SourceError>) {
    if let Err(error) = outcome {
        debug!(%error, "a message was not settled");
    }
}
