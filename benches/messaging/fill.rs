//! Fills a store through its own appends, in large calls.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome, Registration};
use es_core::{EventStore, Metadata, Revision, StreamId};

use crate::Result;
use crate::domain::Placed;

/// Streams that grow interleaved, an event at a time.
const SIDE_BY_SIDE: u64 = 1_000;
const STREAMS_A_CALL: usize = 200;

/// The number of orders, and how often each is placed.
#[derive(Clone, Copy)]
pub(crate) struct Orders {
    pub(crate) events: u64,
    pub(crate) events_a_stream: u64,
}

/// Places orders: the events of a thousand streams are interleaved.
pub(crate) async fn with_orders(store: &impl EventStore, orders: Orders) -> Result<()> {
    let Orders { events, events_a_stream } = orders;
    store.register(&[Registration::new("order.placed", 1)]).await?;
    let streams = events.div_ceil(events_a_stream);
    for first in (0..streams).step_by(usize::try_from(SIDE_BY_SIDE)?) {
        let keys: Vec<_> = (first..streams.min(first + SIDE_BY_SIDE)).collect();
        for revision in 0..events_a_stream {
            // The last stream may be shorter.
            let some = keys.iter().copied().filter(|key| key * events_a_stream + revision < events);
            append(store, "order", &some.collect::<Vec<_>>(), revision, order).await?;
        }
    }
    Ok(())
}

fn order(number: u64) -> Result<(&'static str, Vec<u8>)> {
    let cents = i64::try_from(number % 100)? + 1;
    Ok(("order.placed", serde_json::to_vec(&Placed::new(cents))?))
}

/// Appends an event to each stream.
pub(crate) async fn append(
    store: &impl EventStore,
    category: &str,
    keys: &[u64],
    revision: u64,
    event: impl Fn(u64) -> Result<(&'static str, Vec<u8>)>,
) -> Result<()> {
    let metadata = Arc::new(Metadata::new());
    for keys in keys.chunks(STREAMS_A_CALL) {
        let mut events = Vec::with_capacity(keys.len());
        for &key in keys {
            let (name, payload) = event(key)?;
            let event = NewEvent::new(name, 1, payload, Arc::clone(&metadata));
            events.push((StreamId::new(category, key.to_string())?, event));
        }
        let appends: Vec<_> = events
            .iter()
            .map(|(stream, event)| Append::new(stream, Revision::new(revision), std::slice::from_ref(event)))
            .collect();
        let outcomes = store.append_all(&appends).await?;
        if let Some(other) = outcomes.iter().find(|one| !matches!(one, AppendOutcome::Appended(_))) {
            return Err(format!("not appended: {other:?}").into());
        }
    }
    Ok(())
}
