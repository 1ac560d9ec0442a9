//! What the cases share: creating events, appending them, reading them back.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::StoreError;
use crate::record::{Metadata, NewEvent, RawEvent};
use crate::store::{
    Append, AppendOutcome, Appended, CommandKey, CommandRecord, EventStore, Load, LoadItem, StreamHead,
    StreamRange,
};
use crate::stream::{Revision, StreamId};

pub(super) fn stream(key: &str) -> StreamId {
    StreamId::new("account", key).expect("a valid key")
}

pub(super) fn event(payload: &str) -> NewEvent {
    NewEvent::new("account.noted", 1, payload.into(), Arc::new(Metadata::new()))
}

/// Events whose payloads are the numbers starting at `first`.
pub(super) fn numbered(first: u64, count: u64) -> Vec<NewEvent> {
    (first..first + count).map(|number| event(&number.to_string())).collect()
}

pub(super) const fn command(id: Uuid) -> CommandRecord<'static> {
    CommandRecord { key: CommandKey { id, body_hash: None }, name: "Note" }
}

/// Appends, and asserts that it succeeds.
pub(super) async fn append(
    store: &impl EventStore,
    stream: &StreamId,
    expected: u64,
    events: &[NewEvent],
) -> Appended {
    let append = Append::new(stream, Revision::new(expected), events);
    appended(store.append(append).await.expect("an append"))
}

pub(super) fn appended(outcome: AppendOutcome) -> Appended {
    match outcome {
        AppendOutcome::Appended(appended) => appended,
        other => panic!("the events should have been appended, not {other:?}"),
    }
}

/// An owned copy of an event, for comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StoredRow {
    pub(super) revision: u64,
    pub(super) position: u64,
    pub(super) id: Uuid,
    pub(super) payload: String,
}

impl From<RawEvent<'_>> for StoredRow {
    fn from(raw: RawEvent<'_>) -> Self {
        Self {
            revision: raw.revision.get(),
            position: raw.position.get(),
            id: raw.event_id,
            payload: String::from_utf8_lossy(raw.payload).into_owned(),
        }
    }
}

pub(super) async fn rows(store: &impl EventStore, stream: &StreamId) -> Vec<StoredRow> {
    range(store, stream, StreamRange::ALL).await
}

pub(super) async fn range(store: &impl EventStore, stream: &StreamId, range: StreamRange) -> Vec<StoredRow> {
    let mut rows = Vec::new();
    let mut take = |raw: RawEvent<'_>| {
        assert_eq!(raw.stream, stream, "the events of another stream");
        rows.push(StoredRow::from(raw));
        Ok(())
    };
    store.read_stream(stream, range, &mut take).await.expect("a read");
    rows
}

pub(super) fn payloads(rows: &[StoredRow]) -> Vec<&str> {
    rows.iter().map(|row| row.payload.as_str()).collect()
}

pub(super) fn revisions(rows: &[StoredRow]) -> Vec<u64> {
    rows.iter().map(|row| row.revision).collect()
}

/// What a load passes to its sink: the snapshot, the events, and the head of the stream.
pub(super) async fn load(
    store: &impl EventStore,
    load: Load<'_>,
) -> (Option<(u64, String)>, Vec<StoredRow>, StreamHead) {
    let (mut snapshot, mut rows) = (None, Vec::new());
    let mut take = |item: LoadItem<'_>| {
        match item {
            LoadItem::Snapshot { revision, state } => {
                assert!(snapshot.is_none() && rows.is_empty(), "one snapshot, before the events");
                snapshot = Some((revision.get(), String::from_utf8_lossy(state).into_owned()));
            }
            LoadItem::Event(raw) => rows.push(StoredRow::from(raw)),
        }
        Ok(())
    };
    let head = store.load(load, &mut take).await.expect("a load");
    (snapshot, rows, head)
}

/// A sink that fails at the third event.
pub(super) fn third_is_refused(seen: &mut u32, raw: &RawEvent<'_>) -> Result<(), StoreError> {
    *seen += 1;
    let (expected, found) = (raw.revision, raw.revision);
    if *seen < 3 { Ok(()) } else { Err(StoreError::Damaged { stream: raw.stream.clone(), expected, found }) }
}
