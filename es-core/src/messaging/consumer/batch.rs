//! Processing the messages that were received at once: streams in parallel, each in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tracing::debug;

use super::error::ConsumerError;
use super::taking::Taking;
use crate::messaging::source::Delivery;
use crate::projection::Cause;
use crate::reactor::Effects;
use crate::store::EventStore;
use crate::stream::StreamId;

/// The interval of progress signals if no message is redelivered by itself.
const NEVER: Duration = Duration::from_secs(3600);

/// A delivery, and whether it is settled.
struct Delivered<D> {
    delivery: D,
    settled: AtomicBool,
}

/// Settles all deliveries, unless one of them stops the consumer: the others are then returned to the broker.
pub(super) async fn settle<R: Effects, S: EventStore + 'static, D: Delivery>(
    taking: &Arc<Taking<R, S>>,
    deliveries: Vec<D>,
) -> Result<(), ConsumerError> {
    let held: Vec<_> = deliveries
        .into_iter()
        .map(|delivery| Arc::new(Delivered { delivery, settled: AtomicBool::new(false) }))
        .collect();
    let permits = Arc::new(Semaphore::new(taking.options().concurrency));
    let mut streams = JoinSet::new();
    for stream in by_stream(&held) {
        let (taking, permits) = (Arc::clone(taking), Arc::clone(&permits));
        streams.spawn(async move {
            let _permit = permits.acquire().await;
            for held in stream {
                taking.take(&held.delivery).await?;
                held.settled.store(true, Ordering::Release);
            }
            Ok(())
        });
    }
    let shortest = held.iter().filter_map(|held| held.delivery.comes_again_after()).min();
    let interval = shortest.map_or(NEVER, |shortest| shortest / 3);
    let outcome = loop {
        tokio::select! {
            done = streams.join_next() => match done {
                None => break Ok(()),
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => break Err(error),
                Some(Err(error)) => break Err(ended::<R>(error)),
            },
            () = sleep(interval) => report_progress(&held).await,
        }
    };
    streams.shutdown().await;
    if outcome.is_err() {
        for held in held.iter().filter(|held| !held.settled.load(Ordering::Acquire)) {
            if let Err(error) = held.delivery.nack(Duration::ZERO).await {
                debug!(%error, "a message is redelivered later");
            }
        }
    }
    outcome
}

async fn report_progress<D: Delivery>(held: &[Arc<Delivered<D>>]) {
    for held in held.iter().filter(|held| !held.settled.load(Ordering::Acquire)) {
        if let Err(error) = held.delivery.progress().await {
            debug!(%error, "a message may be redelivered");
        }
    }
}

/// The messages of each stream, and each delivery that is not a message on its own.
fn by_stream<D: Delivery>(held: &[Arc<Delivered<D>>]) -> Vec<Vec<Arc<Delivered<D>>>> {
    let mut streams: Vec<Vec<_>> = Vec::new();
    let mut known: HashMap<&StreamId, usize> = HashMap::new();
    for held in held {
        let next = streams.len();
        let at = match held.delivery.message() {
            Ok(message) => *known.entry(&message.stream).or_insert(next),
            Err(_) => next,
        };
        if at == next {
            streams.push(Vec::new());
        }
        streams[at].push(Arc::clone(held));
    }
    streams
}

/// The runtime is shutting down; a panic of the reactor was caught before.
fn ended<R: Effects>(error: JoinError) -> ConsumerError {
    let message = String::from("its messages");
    ConsumerError::Failed { consumer: R::NAME, message, source: error.into(), cause: Cause::Passing }
}
