//! Reading one stream.

use std::sync::Arc;

use serde_json::Value;
use time::macros::datetime;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{
    append, event, load, numbered, payloads, range, revisions, rows, stream, third_is_refused,
};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent, RawEvent};
use crate::store::{
    AllQuery, Appended, Checkpoint, EventStore, Filter, Find, FindEvents, Load, LoadItem, ReadAll,
    StreamHead, StreamRange,
};
use crate::stream::{Revision, StreamId};

/// Every field of an event is returned by every way to read a stream: name, version, payload, ids, times,
/// metadata.
pub async fn what_was_written_is_read_back<S: EventStore>(store: S) {
    let mut written = TwoEvents::to(&store).await;
    let mut take = |raw: RawEvent<'_>| written.take(&raw);
    store.read_stream(&stream("1"), StreamRange::ALL, &mut take).await.expect("a read");
    let mut take_item = |item: LoadItem<'_>| match item {
        LoadItem::Event(raw) => take(raw),
        LoadItem::Snapshot { .. } => panic!("a snapshot that was never saved"),
    };
    store.load(Load::all(&stream("1")), &mut take_item).await.expect("a load");
    written.all_were_read(2);
}

/// The same for a page of the whole store.
pub async fn what_was_written_is_read_back_by_pages<S: EventStore + ReadAll>(store: S) {
    let mut written = TwoEvents::to(&store).await;
    let (all, mut take) = (Filter::new(), |raw: RawEvent<'_>| written.take(&raw));
    store.read_all(AllQuery::after(Checkpoint::START, &all), &mut take).await.expect("a page");
    written.all_were_read(1);
}

/// The same for a search.
pub async fn what_was_written_is_found<S: EventStore + FindEvents>(store: S) {
    let mut written = TwoEvents::to(&store).await;
    let (correlation, ids) = (written.correlation, written.events.each_ref().map(|event| event.id));
    let mut take = |raw: RawEvent<'_>| written.take(&raw);
    store.find(Find::Correlation(correlation), &mut take).await.expect("a search");
    for id in ids {
        store.find(Find::Event(id), &mut take).await.expect("a search");
    }
    written.all_were_read(2);
}

/// One event with all fields, and one with few, in the stream `1`.
struct TwoEvents {
    correlation: Uuid,
    events: [NewEvent; 2],
    appended: Appended,
    seen: usize,
}

impl TwoEvents {
    async fn to(store: &impl EventStore) -> Self {
        let correlation = Uuid::now_v7();
        let metadata = Metadata::new()
            .correlation_id(correlation)
            .causation_id(Uuid::now_v7())
            .occurred_at(datetime!(2011-10-01 00:38:44.546_789 +2))
            .actor("clerk \"112\" é")
            .entry("channel", "web")
            .entry("tags", vec!["a", "b"]);
        let full = NewEvent::new("account.opened", 7, br#"{"owner":"Ann"}"#.to_vec(), Arc::new(metadata));
        let bare = Metadata::new().correlation_id(correlation);
        let bare = NewEvent::new("account.noted", 1, b"null".to_vec(), Arc::new(bare));
        let events = [full, bare];
        let appended = append(store, &stream("1"), 0, &events).await;
        Self { correlation, events, appended, seen: 0 }
    }

    /// Compares the next event of a read, or the first of another read.
    fn take(&mut self, raw: &RawEvent<'_>) -> Result<(), StoreError> {
        let at = self.seen % self.events.len();
        let new = &self.events[at];
        assert_eq!((raw.event_id, raw.name, raw.version), (new.id, new.name, new.version));
        assert_eq!((raw.stream, raw.revision), (&stream("1"), Revision::new(at as u64 + 1)));
        assert_eq!(raw.position, self.appended.positions[at]);
        assert_eq!(raw.recorded_at, self.appended.recorded_at);
        let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
        assert_eq!(json(raw.payload), json(&new.payload));
        assert_eq!(raw.metadata().expect("metadata"), *new.metadata);
        assert_eq!(raw.correlation_id, new.metadata.correlation_id);
        assert_eq!(raw.causation_id, new.metadata.causation_id);
        if new.metadata.occurred_at.is_none() {
            assert_eq!((raw.occurred, raw.metadata), (None, None));
            assert_eq!(raw.occurred_at(), raw.recorded_at);
        }
        self.seen += 1;
        Ok(())
    }

    fn all_were_read(&self, times: usize) {
        assert_eq!(self.seen, times * self.events.len());
    }
}

/// Any range of a stream, in ascending or descending order of revisions.
pub async fn a_range_is_read_in_both_directions<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 20)).await;
    let read = async |wanted| revisions(&range(&store, &stream, wanted).await);
    let at = Revision::new;
    assert_eq!(read(StreamRange::from(at(18))).await, [18, 19, 20]);
    assert_eq!(read(StreamRange::from(at(0)).to(at(2))).await, [1, 2]);
    assert_eq!(read(StreamRange::from(at(5)).to(at(7)).backward()).await, [7, 6, 5]);
    assert_eq!(read(StreamRange::ALL.backward()).await, (1..=20).rev().collect::<Vec<_>>());
    assert!(read(StreamRange::from(at(21))).await.is_empty());
    assert!(read(StreamRange::from(at(7)).to(at(5))).await.is_empty());
}

/// A stream without events is empty, not an error.
pub async fn a_stream_that_is_not_there_is_empty<S: EventStore>(store: S) {
    let stream = stream("1");
    assert!(rows(&store, &stream).await.is_empty());
    let (snapshot, rows, head) = load(&store, Load::all(&stream).command_id(Some(Uuid::now_v7()))).await;
    assert_eq!(head.revision, Revision::EMPTY);
    assert_eq!((snapshot, rows.len(), head), (None, 0, StreamHead::default()));
}

/// The read returns the sink's error, no more events are passed to the sink, and the store keeps working.
pub async fn an_error_of_the_sink_ends_the_read<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 500)).await;
    for _ in 0..20 {
        for is_load in [true, false] {
            let mut seen = 0;
            let mut take = |raw: RawEvent<'_>| third_is_refused(&mut seen, &raw);
            let mut take_item = |item: LoadItem<'_>| match item {
                LoadItem::Event(raw) => take(raw),
                LoadItem::Snapshot { .. } => panic!("a snapshot that was never saved"),
            };
            let read = match is_load {
                true => store.load(Load::all(&stream), &mut take_item).await.map(drop),
                false => store.read_stream(&stream, StreamRange::ALL, &mut take).await,
            };
            let error = read.expect_err("the sink's error");
            assert!(matches!(error, StoreError::Damaged { found, .. } if found.get() == 3), "{error}");
            assert_eq!(seen, 3);
        }
    }
    assert_eq!(rows(&store, &stream).await.len(), 500);
}

/// A load reads the events after one revision and up to another, and returns the actual head of the stream.
pub async fn a_load_reads_the_part_asked_for<S: EventStore>(store: S) {
    let stream = stream("1");
    append(&store, &stream, 0, &numbered(1, 10)).await;
    let read = async |after, up_to| {
        let load_part = Load::all(&stream).after(Revision::new(after)).up_to(Revision::new(up_to));
        let (_, rows, head) = load(&store, load_part).await;
        assert_eq!(head.revision.get(), 10);
        revisions(&rows)
    };
    assert_eq!(read(0, 10).await, (1..=10).collect::<Vec<_>>());
    assert_eq!(read(8, 99).await, [9, 10]);
    assert_eq!(read(2, 4).await, [3, 4]);
    assert!(read(10, 99).await.is_empty());
    assert!(read(11, 99).await.is_empty());
    assert!(read(0, 0).await.is_empty());
}

/// Once an append is acknowledged, every reader sees its events, all of them.
pub async fn what_was_acknowledged_is_read_by_everybody<S: EventStore + 'static>(store: S) {
    let store = Arc::new(store);
    let mut readers = JoinSet::new();
    for round in 0..50_u64 {
        let stream = stream("1");
        append(&*store, &stream, round * 3, &numbered(1, 3)).await;
        let store = Arc::clone(&store);
        readers.spawn(async move {
            let (_, rows, head) = load(&*store, Load::all(&stream)).await;
            assert!(rows.len() as u64 >= (round + 1) * 3, "acknowledged events are missing");
            assert_eq!(rows.len() % 3, 0, "an append was read in part");
            assert_eq!(head.revision.get(), rows.len() as u64, "head and events disagree");
            assert_eq!(head.event_id, rows.last().map(|row| row.id));
        });
    }
    readers.join_all().await;
}

/// Payloads keep their meaning when stored: text of all Unicode planes, numbers, nesting, empty values.
pub async fn payloads_keep_their_values<S: EventStore>(store: S) {
    let stream = stream("1");
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let written = [
        r#"{"text":"a\"b\\c\n\t\u0001 é ∑ 🦀 \\u0000 '; DROP TABLE events; --"}"#,
        r#"{"u64":18446744073709551615,"i64":-9223372036854775808,"float":0.1}"#,
        r#"{"tiny":5e-324,"huge":1.7976931348623157e308}"#,
        r#"{"u128":340282366920938463463374607431768211455}"#,
        r#"{"empty":{},"list":[],"null":null,"true":true,"":""}"#,
        r#""text""#,
        "null",
        "[]",
        &deep,
    ];
    let events: Vec<_> = written.iter().map(|payload| event(payload)).collect();
    append(&store, &stream, 0, &events).await;
    let rows = rows(&store, &stream).await;
    for (written, read) in written.iter().zip(payloads(&rows)) {
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        if written.contains("u128") {
            assert!(read.contains("340282366920938463463374607431768211455"), "{read}");
        } else {
            assert_eq!(value(read), value(written));
        }
    }
    assert_eq!(rows.len(), written.len());
}

/// Keys that look alike, or look like SQL, are different keys; a category is part of the identity.
pub async fn keys_are_exact<S: EventStore>(store: S) {
    let longest = "é".repeat(127) + "x";
    let keys = [
        "a",
        "A",
        "a ",
        " a",
        "a%",
        "a_",
        "'",
        "\"",
        "'; DROP TABLE streams; --",
        "caf\u{e9}",
        "cafe\u{301}",
        "a/b",
        "$1",
        "\\",
        "🦀",
        &longest,
    ];
    let mut streams: Vec<_> = keys.iter().map(|key| stream(key)).collect();
    streams.push(StreamId::new("account/a", "b").expect("valid"));
    for (number, stream) in streams.iter().enumerate() {
        append(&store, stream, 0, &[event(&number.to_string())]).await;
    }
    for (number, stream) in streams.iter().enumerate() {
        assert_eq!(payloads(&rows(&store, stream).await), [number.to_string()], "{stream}");
    }
}
