//! Values are the same for every way to read them.

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::fixture::{append, event, numbered, rows, stream};
use crate::error::StoreError;
use crate::record::{Metadata, NewEvent, RawEvent};
use crate::store::{AllQuery, Append, Checkpoint, EventStore, Filter, Load, LoadItem, ReadAll, StreamRange};
use crate::stream::Revision;

fn with(metadata: Metadata) -> NewEvent {
    NewEvent::new("account.noted", 1, b"1".to_vec(), Arc::new(metadata))
}

/// The result of `take` for each event, by every way to read a stream.
async fn of_stream<T: Send>(
    store: &impl EventStore,
    take: impl Fn(&RawEvent<'_>) -> T + Send + Sync,
) -> [Vec<T>; 2] {
    let stream = stream("1");
    let [mut of_stream, mut of_load] = [Vec::new(), Vec::new()];
    let mut sink = |raw: RawEvent<'_>| {
        of_stream.push(take(&raw));
        Ok(())
    };
    store.read_stream(&stream, StreamRange::ALL, &mut sink).await.expect("a read");
    let mut sink = |item: LoadItem<'_>| {
        if let LoadItem::Event(raw) = item {
            of_load.push(take(&raw));
        }
        Ok(())
    };
    store.load(Load::all(&stream), &mut sink).await.expect("a load");
    [of_stream, of_load]
}

/// The same for the whole store.
async fn of_all<T: Send>(store: &impl ReadAll, take: impl Fn(&RawEvent<'_>) -> T + Send + Sync) -> Vec<T> {
    let (filter, mut of_all) = (Filter::new(), Vec::new());
    let mut sink = |raw: RawEvent<'_>| {
        of_all.push(take(&raw));
        Ok(())
    };
    store.read_all(AllQuery::after(Checkpoint::START, &filter), &mut sink).await.expect("a page");
    of_all
}

/// A time with its offset, which `==` ignores.
type ExactTime = (OffsetDateTime, time::UtcOffset);

const fn shown(time: OffsetDateTime) -> ExactTime {
    (time, time.offset())
}

/// When it occurred as stored, when it was recorded, and when it occurred as readers see it.
fn times(raw: &RawEvent<'_>) -> (Option<ExactTime>, ExactTime, ExactTime) {
    (raw.occurred.map(shown), shown(raw.recorded_at), shown(raw.occurred_at()))
}

/// Times are returned in UTC and whole microseconds, rounded down before and after the Unix epoch; those of
/// the store's clock are so from the start.
pub async fn times_are_kept_in_utc_and_whole_microseconds<S: EventStore>(store: S) {
    let written = write_times(&store).await;
    for found in of_stream(&store, times).await {
        assert_eq!(found, written);
    }
}

/// The same for the whole store.
pub async fn the_whole_store_keeps_times<S: EventStore + ReadAll>(store: S) {
    let written = write_times(&store).await;
    assert_eq!(of_all(&store, times).await, written);
}

/// Writes events, and returns the times that readers should find.
async fn write_times(store: &impl EventStore) -> Vec<(Option<ExactTime>, ExactTime, ExactTime)> {
    let given = [
        (datetime!(-4713-11-24 00:00 UTC), datetime!(-4713-11-24 00:00 UTC)),
        (datetime!(0000-02-29 12:00:00.000_000_9 UTC), datetime!(0000-02-29 12:00 UTC)),
        (datetime!(1969-12-31 23:59:59.999_999_999 UTC), datetime!(1969-12-31 23:59:59.999_999 UTC)),
        (datetime!(1995-06-01 12:00:00.000_000_1 +2), datetime!(1995-06-01 10:00 UTC)),
        (datetime!(1999-12-31 23:59:59.999_999_999 UTC), datetime!(1999-12-31 23:59:59.999_999 UTC)),
        (datetime!(2000-01-01 00:00:00.000_000_999 UTC), datetime!(2000-01-01 00:00 UTC)),
        (datetime!(2024-02-29 01:30:00.123_456_789 +5:45), datetime!(2024-02-28 19:45:00.123_456 UTC)),
        (datetime!(9999-12-31 23:59:59.999_999_999 UTC), datetime!(9999-12-31 23:59:59.999_999 UTC)),
    ];
    let events: Vec<_> = given.iter().map(|(time, _)| with(Metadata::new().occurred_at(*time))).collect();
    let stream = stream("1");
    let first = append(store, &stream, 0, &events[..1]).await.recorded_at;
    let rest = append(store, &stream, 1, &events[1..]).await.recorded_at;
    for recorded_at in [first, rest] {
        assert_eq!(shown(recorded_at), shown(recorded_at.to_offset(time::UtcOffset::UTC)));
        assert_eq!(recorded_at.nanosecond() % 1_000, 0);
    }
    let recorded = std::iter::once(first).chain(std::iter::repeat(rest));
    let written = given.iter().zip(recorded);
    written.map(|((_, stored), recorded)| (Some(shown(*stored)), shown(recorded), shown(*stored))).collect()
}

/// A time that not every store can store is a typed error, for each way to append; valid events of the same
/// call are not written, and the store keeps working.
pub async fn a_time_out_of_range_is_refused<S: EventStore>(store: S) {
    let (bad, good) = (stream("1"), stream("2"));
    let times = [
        datetime!(9999-12-31 23:59:59 -5),
        datetime!(9999-12-31 23:59:59 -0:00:01),
        datetime!(-4713-11-23 23:59:59.999_999_999 UTC),
        datetime!(-4713-11-24 00:00 +1),
        datetime!(-9999-01-01 00:00 +23),
    ];
    for time in times {
        let events = [event("1"), with(Metadata::new().occurred_at(time))];
        let others = numbered(1, 1);
        let append = Append::new(&bad, Revision::EMPTY, &events);
        let beside = Append::new(&good, Revision::EMPTY, &others);
        let refused = [
            store.append(append).await.map(drop),
            store.append_all(&[beside, append]).await.map(drop),
            match store.submit(append).await {
                Ok(outcome) => outcome.await.map(drop),
                Err(error) => Err(error),
            },
        ];
        for refused in refused {
            let error = refused.expect_err("out of range");
            assert!(matches!(&error, StoreError::TimeOutOfRange { stream } if *stream == bad), "{error}");
            assert!(!error.is_retryable());
            assert!(error.to_string().contains("9999-12-31T23:59:59.999999Z"), "{error}");
        }
    }
    for stream in [&bad, &good] {
        assert!(rows(&store, stream).await.is_empty());
        append(&store, stream, 0, &numbered(1, 1)).await;
    }
}

/// Metadata is returned unchanged: numbers, text, nesting as deep as can be read, order, and empty values.
pub async fn metadata_reads_back_equal<S: EventStore>(store: S) {
    let written = write_metadata(&store).await;
    for found in of_stream(&store, |raw| raw.metadata().expect("metadata")).await {
        are_equal(&found, &written);
    }
}

/// The same for the whole store.
pub async fn the_whole_store_keeps_metadata<S: EventStore + ReadAll>(store: S) {
    let written = write_metadata(&store).await;
    are_equal(&of_all(&store, |raw| raw.metadata().expect("metadata")).await, &written);
}

fn are_equal(found: &[Metadata], written: &[Metadata]) {
    assert_eq!(found, written);
    let zero = found[0].entries["floats"][0].as_f64().map(f64::to_bits);
    assert_eq!(zero, Some((-0.0_f64).to_bits()));
}

async fn write_metadata(store: &impl EventStore) -> [Metadata; 3] {
    let entries = [
        ("u64", json!(u64::MAX)),
        ("i64", json!(i64::MIN)),
        ("floats", json!([-0.0, 0.1 + 0.2, 5e-324, f64::MAX, 1e21, 123_456.789_012_345_67])),
        ("text", json!("a\"b\\c\n\t\u{1} é ∑ 🦀 \\u0000 \u{2028}")),
        ("", json!({ "": {}, "b": [], "a": null, "nested": { "z": [true, false], "a": "" } })),
        ("null", json!(null)),
        ("deep", nested(125)),
    ];
    let mut metadata = Metadata::new().actor("");
    for (key, value) in entries {
        metadata = metadata.entry(key, value);
    }
    let written = [metadata, Metadata::new().actor("é\\"), Metadata::new().entry("one", nested(1))];
    let events: Vec<_> = written.iter().cloned().map(with).collect();
    append(store, &stream("1"), 0, &events).await;
    written
}

/// Metadata that no reader could decode is a typed error, for each way to append, and nothing is written.
pub async fn metadata_that_does_not_read_back_is_refused<S: EventStore>(store: S) {
    let (bad, good) = (stream("1"), stream("2"));
    for depth in [126, 200] {
        for entry in [nested(depth), json!({ "a": nested(depth - 1) })] {
            let events = [event("1"), with(Metadata::new().entry("deep", entry))];
            let others = numbered(1, 1);
            let append = Append::new(&bad, Revision::EMPTY, &events);
            let beside = Append::new(&good, Revision::EMPTY, &others);
            let refused =
                [store.append(append).await.map(drop), store.append_all(&[beside, append]).await.map(drop)];
            for refused in refused {
                let error = refused.expect_err("too deep");
                let StoreError::MetadataNotReadable { stream, name, .. } = &error else { panic!("{error}") };
                assert_eq!((stream, *name), (&bad, "account.noted"));
                assert!(!error.is_retryable());
            }
        }
    }
    for stream in [&bad, &good] {
        assert!(rows(&store, stream).await.is_empty());
    }
}

/// A list nested to this depth.
fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::from(1), |inner, _| Value::Array(vec![inner]))
}
