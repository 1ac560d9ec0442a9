//! Fills the store through its own appends, in large calls.

use std::sync::Arc;

use es_core::record::NewEvent;
use es_core::store::{Append, AppendOutcome};
use es_core::uuid::Uuid;
use es_core::{EventStore, Metadata, Revision, StreamId};
use es_postgres::PostgresStore;
use tokio::task::JoinSet;

use crate::Result;
use crate::floor::Deposit;

pub(super) const EVENTS_A_STREAM: u64 = 100;
/// Streams that grow interleaved, so that the events of one are stored in ten places, as in a store in real
/// use.
const SIDE_BY_SIDE: u64 = 1_000;
/// The events of streams that grow interleaved.
pub(super) const WINDOW: u64 = SIDE_BY_SIDE * EVENTS_A_STREAM;

const STREAMS_A_CALL: u64 = 100;
const EVENTS_A_TURN: u64 = 10;

/// The id of a stream. Ids are in random order, so that inserts touch the whole index of the keys.
pub(super) fn id(number: u64) -> Uuid {
    // The mixing step of splitmix64.
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    Uuid::from_u64_pair(mixed ^ (mixed >> 31), number)
}

/// Fills a range of windows, in two tasks. A window is the events of the streams that grow interleaved.
pub(super) async fn run(store: &PostgresStore, from: u64, to: u64) -> Result<()> {
    let mut tasks: JoinSet<Result<()>> = JoinSet::new();
    for task in 0..2 {
        let store = store.clone();
        tasks.spawn(async move {
            for number in (from..to).filter(|number| number % 2 == task) {
                window(&store, number).await?;
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

async fn window(store: &PostgresStore, number: u64) -> Result<()> {
    let first = number * SIDE_BY_SIDE;
    let mut ids = Vec::new();
    for number in first..first + SIDE_BY_SIDE {
        ids.push(StreamId::new("account", id(number).to_string())?);
    }
    let metadata = Arc::new(Metadata::new());
    for turn in 0..EVENTS_A_STREAM / EVENTS_A_TURN {
        let expected = Revision::new(turn * EVENTS_A_TURN);
        for some in ids.chunks(usize::try_from(STREAMS_A_CALL)?) {
            let mut events = Vec::new();
            for _ in some {
                events.push(deposits(expected, &metadata)?);
            }
            let appends: Vec<_> = some
                .iter()
                .zip(&events)
                .map(|(stream, events)| Append::new(stream, expected, events))
                .collect();
            let outcomes = store.append_all(&appends).await?;
            if let Some(other) = outcomes.iter().find(|one| !matches!(one, AppendOutcome::Appended(_))) {
                return Err(format!("not appended: {other:?}").into());
            }
        }
    }
    Ok(())
}

fn deposits(after: Revision, metadata: &Arc<Metadata>) -> Result<Vec<NewEvent>> {
    let mut events = Vec::new();
    for number in 1..=EVENTS_A_TURN {
        let payload = serde_json::to_vec(&Deposit::new(i64::try_from(after.get() + number)?))?;
        events.push(NewEvent::new("account.deposited", 1, payload, Arc::clone(metadata)));
    }
    Ok(events)
}
